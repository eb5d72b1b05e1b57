// SPDX-License-Identifier: Apache-2.0
// One spelling of a JSON value, so that equal values have equal digests.

public import Foundation

/// The canonical JSON of a value, after RFC 8785: keys sorted by UTF-16 code units, no white space,
/// the shortest number that reads back the same, written as ECMAScript writes it.
///
/// Deviations: whole numbers beyond 2^53 keep all their digits, so that 64-bit seeds stay exact;
/// NaN and infinities become the texts `NaN`, `Infinity` and `-Infinity`.
/// - Parameter value: the value to write.
/// - Returns: UTF-8 bytes without a line break at the end.
/// - Throws: `EncodingError` when the value cannot be written as JSON.
public func canonicalJSON(_ value: some Encodable) throws -> Data {
    let data = try RecordJSON.encoder(pretty: false).encode(value)
    var text = ""
    try JSONDecoder().decode(CanonicalValue.self, from: data).append(to: &text)
    return Data(text.utf8)
}

private indirect enum CanonicalValue: Decodable {
    case null
    case bool(Bool)
    case natural(UInt64)
    case integer(Int64)
    case number(Double)
    case string(String)
    case list([CanonicalValue])
    case object([String: CanonicalValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .natural(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([CanonicalValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: CanonicalValue].self))
        }
    }

    func append(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .natural(let value): text += String(value)
        case .integer(let value): text += String(value)
        case .number(let value): text += canonicalNumber(value)
        case .string(let value): appendQuoted(value, to: &text)
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.append(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            let sorted = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { text += "," }
                appendQuoted(member.key, to: &text)
                text += ":"
                member.value.append(to: &text)
            }
            text += "}"
        }
    }
}

private func appendQuoted(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\u{08}": text += "\\b"
        case "\t": text += "\\t"
        case "\n": text += "\\n"
        case "\u{0C}": text += "\\f"
        case "\r": text += "\\r"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
    text += "\""
}

/// A finite number as ECMAScript's `Number.prototype.toString` writes it.
func canonicalNumber(_ value: Double) -> String {
    if value == 0 { return "0" }
    // Swift's description has the shortest digits that read back; only the layout differs.
    let (sign, text) = value < 0 ? ("-", "\(-value)") : ("", "\(value)")
    let parts = text.split(separator: "e")
    let fraction = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    var digits = fraction[0] + (fraction.count > 1 ? fraction[1] : "")
    var point = fraction[0].count + exponent
    while digits.first == "0" {
        digits.removeFirst()
        point -= 1
    }
    while digits.last == "0" { digits.removeLast() }
    let count = digits.count
    switch point {
    case count...21:
        return sign + digits + String(repeating: "0", count: point - count)
    case 1...21:
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    case -5...0:
        return sign + "0." + String(repeating: "0", count: -point) + digits
    default:
        let rest = count > 1 ? "." + digits.dropFirst() : ""
        return sign + digits.prefix(1) + rest + "e" + (point > 0 ? "+" : "-")
            + String(abs(point - 1))
    }
}
