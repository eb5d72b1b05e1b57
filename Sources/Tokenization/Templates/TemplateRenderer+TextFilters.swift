// SPDX-License-Identifier: Apache-2.0
// Jinja's filters that make a text.

import JSONText

extension TemplateRenderer {
    /// Applies a filter that makes a text.
    func text(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        if arguments.function == "truncate" { return try truncated(value, arguments) }
        if arguments.function == "xmlattr" { return try attributes(value, arguments) }
        if arguments.function == "urlencode" { return try urlEncoded(value, position) }
        let text = try text(of: value, position)
        func result(_ text: String) -> RuntimeValue { .text(text, isMarkup: value.isMarkup) }
        switch arguments.function {
        case "string": return result(text)
        case "safe": return .markup(text)
        case "e", "escape": return .markup(value.isMarkup ? text : PythonText.escaped(text))
        case "forceescape": return .markup(PythonText.escaped(text))
        case "trim":
            return result(
                PythonText.strip(text, try arguments.optionalText(0), left: true, right: true))
        case "upper": return result(text.uppercased())
        case "lower": return result(text.lowercased())
        case "capitalize": return result(PythonText.capitalized(text))
        case "title": return .string(PythonText.titled(text, atSpaces: true))
        case "center":
            let width = try arguments.integer(0, default: 80)
            try checkLength(max(width, 0), position)
            return result(PythonText.padded(text, to: width, " ", "center"))
        case "wordcount": return .integer(PythonText.wordCount(text))
        case "replace":
            let old = try self.text(of: arguments[0] ?? .none, position)
            let new = try self.text(of: arguments[1] ?? .none, position)
            let maximum =
                try arguments.optional(2) == nil ? -1 : arguments.integer(2, default: -1)
            return .string(try replace(text, old, new, maximum, position))
        case "format":
            guard arguments.rest.positional.isEmpty || arguments.rest.named.isEmpty else {
                throw position.error("format takes values or names with values, not both")
            }
            let named = arguments.rest.named.map { (RuntimeValue.string($0.name), $0.value) }
            return result(
                try percent(
                    text,
                    named.isEmpty
                        ? .tuple(of: arguments.rest.positional) : .dictionary(of: named),
                    isMarkup: value.isMarkup, position))
        default: return try indented(value, text, arguments)
        }
    }

    private func indented(
        _ value: RuntimeValue, _ text: String, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        guard value.string != nil else {
            throw position.error("the filter indent takes a text, found '\(value.typeName)'")
        }
        var indentation = ""
        if let given = arguments[0]?.string {
            indentation = given
        } else {
            let width = try arguments.integer(0, default: 4)
            try checkLength(max(width, 0), position)
            indentation = String(repeating: " ", count: max(width, 0))
        }
        let (indentsFirst, indentsBlank) = (arguments.flag(1), arguments.flag(2))
        let lines = PythonText.lines(of: text + "\n")
        try checkLength(
            text.utf8.count + PythonText.product(lines.count, indentation.utf8.count), position)
        let result = lines.enumerated().map { index, line in
            let isIndented = index == 0 ? indentsFirst : indentsBlank || !line.isEmpty
            return isIndented ? indentation + line : line
        }
        return .text(result.joined(separator: "\n"), isMarkup: value.isMarkup)
    }

    private func truncated(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        let length = try arguments.integer(0, default: 255)
        let end = try arguments[2] == nil ? "..." : arguments.text(2)
        let leeway = try arguments.optional(3) == nil ? 5 : arguments.integer(3, default: 5)
        let endLength = end.unicodeScalars.count
        guard length >= endLength, leeway >= 0 else {
            throw position.error("truncate to fewer characters than its end has")
        }
        let (limit, overflows) = length.addingReportingOverflow(leeway)
        guard try count(of: value, position) > limit, !overflows else { return value }
        guard let text = value.string else {
            throw position.error("truncate takes a text, found '\(value.typeName)'")
        }
        var kept = String(text.unicodeScalars.prefix(length - endLength))
        if !arguments.flag(1) { kept = PythonText.split(kept, by: " ", 1, fromEnd: true)[0] }
        return try combine(
            .text(kept, isMarkup: value.isMarkup), "+", arguments[2] ?? .string(end), position)
    }

    private func attributes(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        guard case .dictionary(let members) = value else {
            throw position.error("xmlattr takes a mapping, found '\(value.typeName)'")
        }
        var parts: [String] = []
        func escaped(_ value: RuntimeValue) throws(InputError) -> String {
            let text = try self.text(of: value, position)
            return value.isMarkup ? text : PythonText.escaped(text)
        }
        for (key, value) in members where !value.isNone && !value.isUndefined {
            guard let name = key.string,
                !name.unicodeScalars.contains(where: {
                    "/>=".unicodeScalars.contains($0) || $0.isPythonSpace
                })
            else { throw position.error("Invalid character in attribute name") }
            parts.append("\(try escaped(key))=\"\(try escaped(value))\"")
        }
        let text = parts.joined(separator: " ")
        try checkLength(text.utf8.count, position)
        return .string(text.isEmpty || !arguments.flag(0, default: true) ? text : " " + text)
    }

    private func urlEncoded(
        _ value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        let pairs: [RuntimeValue]
        switch value {
        case .dictionary(let members): pairs = members.map { .tuple(of: [$0.key, $0.value]) }
        case .list, .tuple, .range, .view, .iterator, .undefined, .loop:
            pairs = try elements(of: value, position)
        default: return .string(PythonText.urlQuoted(try text(of: value, position), isQuery: false))
        }
        var parts: [String] = []
        for pair in pairs {
            let sides = try elements(of: pair, position)
            guard sides.count == 2 else { throw position.error("urlencode takes pairs") }
            let key = PythonText.urlQuoted(try text(of: sides[0], position), isQuery: true)
            let value = PythonText.urlQuoted(try text(of: sides[1], position), isQuery: true)
            parts.append(key + "=" + value)
        }
        let text = parts.joined(separator: "&")
        try checkLength(text.utf8.count, position)
        return .string(text)
    }
}
