// SPDX-License-Identifier: Apache-2.0
// Writes JSON values: on one line, indented, or in the canonical form.

package import Foundation

extension JSON {
    /// The layout of a value.
    package enum Layout: Sendable {
        /// On one line, without spaces.
        case compact
        /// A line for each member and element, indented by two spaces for each level.
        case indented
        /// After RFC 8785: without spaces, keys sorted by UTF-16 code units, numbers in the format
        /// of ECMAScript. One deviation: whole numbers keep all their digits, even beyond 2^53.
        case canonical
    }

    /// Returns the value as JSON text.
    ///
    /// - Parameter layout: The layout.
    /// - Returns: UTF-8 bytes without a line break at the end.
    package func data(_ layout: Layout = .compact) -> Data {
        var writer = JSONWriter(layout: layout)
        writer.append(self, level: 0)
        return Data(writer.bytes)
    }

    /// Returns the value as JSON text.
    ///
    /// - Parameter layout: The layout.
    /// - Returns: The text, without a line break at the end.
    package func text(_ layout: Layout = .compact) -> String {
        var writer = JSONWriter(layout: layout)
        writer.append(self, level: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Returns a text as a JSON string, with only the escapes that JSON requires.
    ///
    /// - Parameter text: The text.
    /// - Returns: The string with its quotation marks.
    package static func literal(_ text: String) -> String {
        var writer = JSONWriter(layout: .compact)
        writer.append(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct JSONWriter {
    let layout: JSON.Layout
    private(set) var bytes: [UInt8] = []

    init(layout: JSON.Layout) { self.layout = layout }

    mutating func append(_ value: JSON, level: Int) {
        switch value {
        case .null: append(verbatim: "null")
        case .boolean(let value): append(verbatim: value ? "true" : "false")
        case .integer(let value): append(verbatim: String(value))
        case .unsigned(let value): append(verbatim: String(value))
        case .number(let value): append(number: value)
        case .string(let value): append(value)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                separate(isFirst: index == 0, level: level + 1)
                append(value, level: level + 1)
            }
            close("]", isEmpty: values.isEmpty, level: level)
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in ordered(members).enumerated() {
                separate(isFirst: index == 0, level: level + 1)
                append(member.key)
                append(verbatim: layout == .indented ? ": " : ":")
                append(member.value, level: level + 1)
            }
            close("}", isEmpty: members.isEmpty, level: level)
        }
    }

    private func ordered(_ members: [JSON.Member]) -> [JSON.Member] {
        guard layout == .canonical else { return members }
        return members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
    }

    mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x08: append(verbatim: "\\b")
            case 0x09: append(verbatim: "\\t")
            case 0x0A: append(verbatim: "\\n")
            case 0x0C: append(verbatim: "\\f")
            case 0x0D: append(verbatim: "\\r")
            case 0..<0x20: append(verbatim: "\\u00" + CollectionOfOne(byte).hexadecimal)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(number: Double) {
        guard number.isFinite else {
            // JSON has no such numbers; records use these texts.
            append(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
            return
        }
        append(verbatim: layout == .canonical ? JSON.canonicalNumber(number) : "\(number)")
    }

    private mutating func append(verbatim text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func separate(isFirst: Bool, level: Int) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        breakLine(level)
    }

    private mutating func close(_ bracket: Unicode.Scalar, isEmpty: Bool, level: Int) {
        if !isEmpty { breakLine(level) }
        bytes.append(UInt8(ascii: bracket))
    }

    private mutating func breakLine(_ level: Int) {
        guard layout == .indented else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }
}

extension JSON {
    /// Returns a finite number as ECMAScript's `Number.prototype.toString` writes it.
    ///
    /// - Parameter value: The number.
    /// - Returns: The shortest digits that read back as the same number.
    package static func canonicalNumber(_ value: Double) -> String {
        if value == 0 { return "0" }
        // Swift's description has the shortest digits that read back; only the format differs.
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
}
