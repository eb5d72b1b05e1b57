// SPDX-License-Identifier: Apache-2.0
// A pattern of a certificate's subject. It is written as RFC 4514 writes names, and compared
// attribute by attribute: no value can pass for an attribute.

import SwiftASN1
import X509

/// A pattern such as `CN=*,O=Acme,C=US`.
///
/// Every part of the subject must have its part in the pattern, in the same order, and every
/// attribute its value. In a value `*` stands for any text, and `\\*` for an asterisk. A part that is
/// a lone `*` stands for any number of parts.
public struct SubjectPattern: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        /// Any number of parts.
        case anything
        /// One part of a name: its attributes, in any order.
        case attributes([ASN1ObjectIdentifier: TextPattern])
    }

    private let parts: [Part]

    /// Reads a pattern; nil if it is none: an attribute that is not known, an empty part, or a
    /// character that RFC 4514 wants to be escaped.
    public init?(_ text: String) {
        guard let characters = EscapedByte.read(text) else { return nil }
        var parts: [Part] = []
        for part in characters.split(at: ",") {
            let part = part.trimmed
            if part.count == 1, part.first?.isSpecial("*") == true {
                parts.append(.anything)
                continue
            }
            var attributes: [ASN1ObjectIdentifier: TextPattern] = [:]
            for attribute in part.split(at: "+") {
                guard let (type, value) = Self.attribute(attribute.trimmed),
                    attributes.updateValue(value, forKey: type) == nil
                else { return nil }
            }
            parts.append(.attributes(attributes))
        }
        self.parts = parts
    }

    private static func attribute(
        _ text: ArraySlice<EscapedByte>
    ) -> (ASN1ObjectIdentifier, TextPattern)? {
        guard let equals = text.firstIndex(where: { $0.isSpecial("=") }) else { return nil }
        let name = text[..<equals].trimmed
        let value = text[(equals + 1)...].trimmed
        let type = String(decoding: name.map(\.byte), as: UTF8.self).uppercased()
        guard name.allSatisfy({ !$0.isEscaped }), !value.isEmpty,
            // `#` begins a value in hexadecimal digits, which no text is compared with.
            value.first?.isSpecial("#") == false,
            !value.contains(where: { byte in ["\"", ";", "<", ">"].contains(where: byte.isSpecial) }
            ),
            let identifier = types[type] ?? ASN1ObjectIdentifier(dotted: type)
        else { return nil }
        return (identifier, TextPattern(parts: value.split(at: "*").map { $0.map(\.byte) }))
    }

    /// Attribute types by the names of RFC 4514, and of X.520 for those that it lacks.
    private static let types: [String: ASN1ObjectIdentifier] = [
        "CN": .RDNAttributeType.commonName, "L": .RDNAttributeType.localityName,
        "ST": .RDNAttributeType.stateOrProvinceName, "O": .RDNAttributeType.organizationName,
        "OU": .RDNAttributeType.organizationalUnitName, "C": .RDNAttributeType.countryName,
        "STREET": .RDNAttributeType.streetAddress, "DC": .RDNAttributeType.domainComponent,
        "E": .RDNAttributeType.emailAddress, "EMAILADDRESS": .RDNAttributeType.emailAddress,
        "UID": [0, 9, 2342, 19_200_300, 100, 1, 1], "SERIALNUMBER": [2, 5, 4, 5],
    ]

    /// Returns whether a whole subject matches.
    func matches(_ name: DistinguishedName) -> Bool {
        // RFC 4514 writes the last part first.
        let names = Array(name.reversed())
        var (part, place) = (0, 0)
        var lastAsterisk: (part: Int, place: Int)?
        while place < names.count {
            switch part < parts.count ? parts[part] : nil {
            case .anything:
                lastAsterisk = (part, place)
                part += 1
            case .attributes(let attributes) where Self.matches(attributes, names[place]):
                (part, place) = (part + 1, place + 1)
            default:
                // The last lone asterisk takes one part more.
                guard let (asterisk, taken) = lastAsterisk else { return false }
                lastAsterisk = (asterisk, taken + 1)
                (part, place) = (asterisk + 1, taken + 1)
            }
        }
        return parts[part...].allSatisfy { $0 == .anything }
    }

    private static func matches(
        _ attributes: [ASN1ObjectIdentifier: TextPattern], _ name: RelativeDistinguishedName
    ) -> Bool {
        guard name.count == attributes.count, Set(name.map(\.type)).count == name.count else {
            return false
        }
        return name.allSatisfy { attribute in
            guard let pattern = attributes[attribute.type], let text = String(attribute.value)
            else {
                return false
            }
            return pattern.matches(text)
        }
    }
}

/// A byte of a name's text, and whether it was escaped.
private struct EscapedByte {
    let byte: UInt8
    let isEscaped: Bool

    /// Whether the byte stands there unescaped, with its meaning.
    func isSpecial(_ character: Unicode.Scalar) -> Bool {
        !isEscaped && byte == UInt8(ascii: character)
    }

    /// Reads `\` with a special character or two hexadecimal digits; nil for another escape.
    static func read(_ text: String) -> [EscapedByte]? {
        var bytes: [EscapedByte] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(EscapedByte(byte: byte, isEscaped: false))
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            {
                bytes.append(EscapedByte(byte: value, isEscaped: true))
                rest = rest.dropFirst(2)
            } else if let next = rest.popFirst(), " \"#+,;<=>\\*".utf8.contains(next) {
                bytes.append(EscapedByte(byte: next, isEscaped: true))
            } else {
                return nil
            }
        }
        return bytes
    }
}

extension RandomAccessCollection<EscapedByte> where Index == Int {
    /// The parts between unescaped separators.
    fileprivate func split(at separator: Unicode.Scalar) -> [SubSequence] {
        split(omittingEmptySubsequences: false) { $0.isSpecial(separator) }
    }

    /// The bytes without unescaped spaces around them.
    fileprivate var trimmed: ArraySlice<EscapedByte> {
        var bytes = Array(self)[...]
        while bytes.first?.isSpecial(" ") == true { bytes.removeFirst() }
        while bytes.last?.isSpecial(" ") == true { bytes.removeLast() }
        return bytes
    }
}

extension ASN1ObjectIdentifier {
    /// Reads numbers between dots, such as `2.5.4.5`; nil if the text is no identifier.
    fileprivate init?(dotted text: String) {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count > 2,
            numbers.allSatisfy({ number in
                (1...9).contains(number.utf8.count)
                    && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }), let identifier = try? Self(dotRepresentation: text)
        else { return nil }
        self = identifier
    }
}
