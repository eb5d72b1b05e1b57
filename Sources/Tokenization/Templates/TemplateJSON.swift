// SPDX-License-Identifier: Apache-2.0
// Values as JSON, in the form of Python's `json.dumps`.

import JSONText

/// How the filter `tojson` writes.
struct TemplateJSON {
    /// The text that each level is indented by; nil for one line.
    var indentation: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var isASCII = false
    var sortsKeys = false

    /// What JSON cannot express.
    struct Problem: Error { let text: String }

    /// Returns a value as JSON.
    func text(of value: RuntimeValue, level: Int = 0) throws(Problem) -> String {
        switch value {
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value):
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
            return PythonNumber.text(of: value)
        case .string(let text), .markup(let text): return literal(text)
        case .list(let values), .tuple(let values):
            var parts: [String] = []
            for value in values { parts.append(try self.text(of: value, level: level + 1)) }
            return bracketed("[", parts, "]", level)
        case .dictionary(let members):
            var parts: [String] = []
            for member in sortsKeys ? try sorted(members) : members.members {
                let key = literal(try key(member.key))
                parts.append(key + keySeparator + (try text(of: member.value, level: level + 1)))
            }
            return bracketed("{", parts, "}", level)
        default: throw Problem(text: "'\(value.typeName)' object is not JSON serializable")
        }
    }

    private func key(_ value: RuntimeValue) throws(Problem) -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .none, .boolean, .integer, .number: return try text(of: value)
        default: throw Problem(text: "JSON has no keys such as '\(value.typeName)'")
        }
    }

    private func sorted(
        _ members: RuntimeDictionary
    ) throws(Problem) -> [RuntimeDictionary.Element] {
        var problem: Problem?
        let sorted = members.members.sorted { left, right in
            if let isLess = left.key.isLess(than: right.key) { return isLess }
            problem = Problem(
                text: "keys '\(left.key.typeName)' and '\(right.key.typeName)' have no order")
            return false
        }
        if let problem { throw problem }
        return sorted
    }

    private func literal(_ text: String) -> String {
        let literal = JSON.literal(text)
        guard isASCII else { return literal }
        var result = ""
        for unit in literal.utf16 {
            if unit < 0x80 {
                result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result
    }

    private func bracketed(
        _ opening: String, _ parts: [String], _ closing: String, _ level: Int
    ) -> String {
        guard let indentation, !parts.isEmpty else {
            return opening + parts.joined(separator: itemSeparator) + closing
        }
        let outer = "\n" + String(repeating: indentation, count: level)
        let inner = outer + indentation
        return opening + inner + parts.joined(separator: itemSeparator + inner) + outer + closing
    }
}
