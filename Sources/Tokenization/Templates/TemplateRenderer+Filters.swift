// SPDX-License-Identifier: Apache-2.0
// Jinja's filters, which follow a `|`.

import JSONText

extension TemplateRenderer {
    /// The supported filters.
    static let filterNames: Set<String> = [
        "trim", "upper", "lower", "title", "capitalize", "replace", "string", "safe", "join",
        "length", "count", "first", "last", "list", "items", "reverse", "unique", "sort", "sum",
        "min", "max", "abs", "int", "float", "round", "default", "d", "tojson", "indent", "map",
        "select", "reject", "selectattr", "rejectattr", "dictsort", "attr",
    ]

    private static let greatestIndent = 64

    /// Applies a filter.
    func apply(
        _ filter: TemplateCall, to value: RuntimeValue
    ) throws(InputError) -> RuntimeValue {
        try apply(filter: filter.name, to: value, try evaluate(filter.arguments), filter.position)
    }

    /// Applies the filter with this name.
    func apply(
        filter name: String, to value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        try spend(value.weight, position)
        switch name {
        case "default", "d":
            let fallback = arguments.value(0, "default_value") ?? .string("")
            if case .undefined = value { return fallback }
            let isStrict = arguments.value(1, "boolean")?.isTrue ?? false
            return isStrict && !value.isTrue ? fallback : value
        case "tojson":
            let indent = (arguments.value(1, "indent") ?? .none).integer
            guard (0...Self.greatestIndent).contains(indent ?? 0) else {
                throw position.error("tojson indents by 0 to \(Self.greatestIndent) spaces")
            }
            try spend(value.weight * (indent ?? 0), position)
            let sorted = arguments.value(3, "sort_keys")?.isTrue ?? false
            guard let text = value.json(indent: indent, sorted: sorted) else {
                throw position.error("'\(value.typeName)' object is not JSON serializable")
            }
            return .string(text)
        case "attr":
            guard let attribute = arguments.value(0, "name") else {
                throw position.error("attr takes a name")
            }
            if case .dictionary = value { return .undefined("attr does not see a mapping's keys") }
            return try self.attribute(attribute.text, of: value, position)
        case "abs", "int", "float", "round": return try number(name, value, arguments, position)
        case "length", "count", "first", "last", "list", "items", "reverse", "unique", "sort",
            "sum",
            "min", "max", "join", "map", "select", "reject", "selectattr", "rejectattr",
            "dictsort":
            return try list(name, value, arguments, position)
        default: return .string(try text(name, value, arguments, position))
        }
    }

    // MARK: - Text

    private func text(
        _ name: String, _ value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> String {
        let text = try text(of: value, position)
        switch name {
        case "trim":
            let characters: String? =
                if case .string(let characters)? = arguments.value(0, "chars") {
                    characters
                } else {
                    nil
                }
            return PythonText.strip(text, characters, left: true, right: true)
        case "upper": return text.uppercased()
        case "lower": return text.lowercased()
        case "title": return PythonText.titled(text, atSpaces: true)
        case "capitalize": return PythonText.capitalized(text)
        case "replace":
            guard let old = arguments.value(0, "old"), let new = arguments.value(1, "new") else {
                throw position.error("replace takes the old and the new text")
            }
            let maximum = arguments.value(2, "count")?.integer ?? -1
            return try replace(text, old.text, new.text, maximum, position)
        case "indent":
            let width = arguments.value(0, "width") ?? .integer(4)
            var indentation = width.text
            if let count = width.integer {
                try checkLength(count, position)
                indentation = String(repeating: " ", count: max(count, 0))
            }
            let indentsFirst = arguments.value(1, "first")?.isTrue ?? false
            let indentsBlank = arguments.value(2, "blank")?.isTrue ?? false
            let lines = PythonText.lines(of: text + "\n")
            try checkLength(text.utf8.count + lines.count * indentation.utf8.count, position)
            return lines.enumerated().map { index, line in
                let isIndented = index == 0 ? indentsFirst : indentsBlank || !line.isEmpty
                return isIndented ? indentation + line : line
            }.joined(separator: "\n")
        default: return text
        }
    }

    // MARK: - Numbers

    private func number(
        _ name: String, _ value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        let stripped = PythonText.strip(value.text, nil, left: true, right: true)
        switch name {
        case "int":
            if let integer = value.integer { return .integer(integer) }
            if let number = value.number ?? Double(stripped),
                let integer = Int(exactly: number.rounded(.towardZero))
            {
                return .integer(integer)
            }
            return arguments.value(0, "default") ?? .integer(0)
        case "float":
            if let number = value.number ?? Double(stripped) { return .number(number) }
            return arguments.value(0, "default") ?? .number(0)
        case "abs":
            if let integer = value.integer, integer != .min { return .integer(abs(integer)) }
            guard let number = value.number else { break }
            return .number(abs(number))
        default:
            let digits = arguments.value(0, "precision")?.integer ?? 0
            guard let number = value.number, (0...15).contains(digits) else { break }
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            switch arguments.value(1, "method")?.text ?? "common" {
            case "ceil": return .number((number * scale).rounded(.up) / scale)
            case "floor": return .number((number * scale).rounded(.down) / scale)
            default: return .number((number * scale).rounded(.toNearestOrEven) / scale)
            }
        }
        throw position.error("the filter \(name) takes a number, found '\(value.typeName)'")
    }
}
