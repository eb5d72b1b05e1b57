// SPDX-License-Identifier: Apache-2.0
// Values as text: as Python prints them, and as JSON.

import Foundation
import JSONText

extension RuntimeValue {
    /// Python's `str()`.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: representation
        }
    }

    /// Python's `repr()`.
    var representation: String {
        switch self {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .boolean(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .number(let value): return Self.text(of: value)
        case .string(let text): return Self.quoted(text)
        case .list(let values): return "[\(Self.joined(values))]"
        case .tuple(let values):
            return values.count == 1 ? "(\(Self.joined(values)),)" : "(\(Self.joined(values)))"
        case .dictionary(let members):
            let parts = members.map { "\($0.key.representation): \($0.value.representation)" }
            return "{\(parts.joined(separator: ", "))}"
        case .namespace, .loop, .macro, .function, .method: return "<\(typeName)>"
        }
    }

    private static func joined(_ values: RuntimeList) -> String {
        values.map(\.representation).joined(separator: ", ")
    }

    /// Returns a number with the digits that Python shows.
    private static func text(of value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let magnitude = abs(value)
        guard magnitude >= 1e16, magnitude < 18_014_398_509_481_984 else { return "\(value)" }
        // Swift switches to exponents later than Python does.
        var digits = String(Int(magnitude))
        while digits.hasSuffix("0") { digits.removeLast() }
        let fraction = digits.dropFirst()
        let mantissa = digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
        return (value < 0 ? "-" : "") + mantissa + "e+16"
    }

    private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\": result += "\\\\"
            case "'" where quote == "'": result += "\\'"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += escape(scalar)
                }
            }
        }
        return result + quote
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let (letter, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let digits = String(scalar.value, radix: 16)
        return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
    }

    // MARK: - JSON

    /// Returns the value as JSON, with the spaces of Python's output.
    ///
    /// - Parameters:
    ///   - indent: The spaces for each level, or nil for one line.
    ///   - sorted: Whether keys are sorted.
    ///   - level: The depth of the value.
    /// - Returns: The text, or nil when there is a value that JSON cannot express.
    func json(indent: Int?, sorted: Bool, level: Int = 0) -> String? {
        switch self {
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value):
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
            return representation
        case .string(let text): return JSON.literal(text)
        case .list(let values), .tuple(let values):
            var parts: [String] = []
            for value in values {
                guard let part = value.json(indent: indent, sorted: sorted, level: level + 1)
                else { return nil }
                parts.append(part)
            }
            return Self.bracketed("[", parts, "]", indent, level)
        case .dictionary(let members):
            var parts: [(key: String, text: String)] = []
            for member in members {
                guard let key = member.key.jsonKey,
                    let value = member.value.json(indent: indent, sorted: sorted, level: level + 1)
                else { return nil }
                parts.append((key, "\(JSON.literal(key)): \(value)"))
            }
            if sorted { parts.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
            return Self.bracketed("{", parts.map(\.text), "}", indent, level)
        default: return nil
        }
    }

    private var jsonKey: String? {
        switch self {
        case .string(let text): text
        case .none, .boolean, .integer, .number: json(indent: nil, sorted: false)
        default: nil
        }
    }

    private static func bracketed(
        _ opening: String, _ parts: [String], _ closing: String, _ indent: Int?, _ level: Int
    ) -> String {
        guard let indent, !parts.isEmpty else {
            return opening + parts.joined(separator: ", ") + closing
        }
        let outer = "\n" + String(repeating: " ", count: indent * level)
        let inner = "\n" + String(repeating: " ", count: indent * (level + 1))
        return opening + inner + parts.joined(separator: "," + inner) + outer + closing
    }
}
