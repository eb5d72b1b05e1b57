// SPDX-License-Identifier: Apache-2.0
// Jinja's filters: what stands after `|`.

extension TemplateRenderer {
    /// The filters that there are.
    static let filterNames: Set<String> = [
        "trim", "upper", "lower", "title", "capitalize", "replace", "string", "safe", "join",
        "length", "count", "first", "last", "list", "items", "reverse", "unique", "sort", "sum",
        "min", "max", "abs", "int", "float", "round", "default", "d", "tojson", "indent", "map",
        "select", "reject", "selectattr", "rejectattr", "dictsort", "attr",
    ]

    /// Applies a filter.
    func apply(
        _ filter: TemplateCall, to value: RuntimeValue
    ) throws(TokenizationError) -> RuntimeValue {
        try apply(filter: filter.name, to: value, try evaluate(filter.arguments), filter.position)
    }

    private func apply(
        filter name: String, to value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        try spend(value.weight, position)
        switch name {
        case "default", "d":
            let fallback = arguments.value(0, "default_value") ?? .string("")
            if case .undefined = value { return fallback }
            let isStrict = arguments.value(1, "boolean")?.isTrue ?? false
            return isStrict && !value.isTrue ? fallback : value
        case "tojson":
            let indent = (arguments.value(1, "indent") ?? .none).integer
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
        case "length", "count", "first", "last", "list", "items", "reverse", "unique", "sort", "sum",
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
    ) throws(TokenizationError) -> String {
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
    ) throws(TokenizationError) -> RuntimeValue {
        let stripped = PythonText.strip(value.text, nil, left: true, right: true)
        switch name {
        case "int":
            if let integer = value.integer { return .integer(integer) }
            if let number = value.number ?? Double(stripped), let integer = Int(exactly: number.rounded(.towardZero)) {
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

    // MARK: - Lists

    private func list(
        _ name: String, _ value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        if name == "items" {
            switch value {
            case .undefined: return .list(of: [])
            case .dictionary(let members):
                return .list(of: members.map { .tuple(of: [$0.key, $0.value]) })
            default: throw position.error("items takes a mapping, found '\(value.typeName)'")
            }
        }
        var elements = try elements(of: value, position)
        switch name {
        case "length", "count": return .integer(elements.count)
        case "first": return elements.first ?? .undefined("No first item, sequence was empty.")
        case "last": return elements.last ?? .undefined("No last item, sequence was empty.")
        case "list": return .list(of: elements)
        case "reverse":
            if case .string(let text) = value {
                var scalars = String.UnicodeScalarView()
                scalars.append(contentsOf: text.unicodeScalars.reversed())
                return .string(String(scalars))
            }
            return .list(of: elements.reversed())
        case "join":
            if let path = arguments.value(1, "attribute") {
                elements = try values(at: path, of: elements, position)
            }
            let separator = arguments.value(0, "d") ?? .string("")
            return .string(try join(elements, with: separator.text, position))
        case "map": return try map(elements, arguments, position)
        case "select", "reject", "selectattr", "rejectattr":
            return try filtered(name, elements, arguments, position)
        case "unique":
            var seen: [RuntimeValue] = []
            for element in elements {
                try spend(seen.count + element.weight, position)
                if !seen.contains(where: { sortKey($0).equals(sortKey(element)) }) {
                    seen.append(element)
                }
            }
            return .list(of: seen)
        case "sum":
            if let path = arguments.value(0, "attribute") {
                elements = try values(at: path, of: elements, position)
            }
            var total = arguments.value(1, "start") ?? .integer(0)
            for element in elements { total = try combine(total, "+", element, position) }
            return total
        case "min", "max":
            let sorted = try sorted(elements, by: elements.map(sortKey), position)
            guard let first = sorted.first, let last = sorted.last else {
                return .undefined("No aggregated item, sequence was empty.")
            }
            return name == "min" ? first : last
        case "dictsort":
            guard case .dictionary(let members) = value else {
                throw position.error("dictsort takes a mapping, found '\(value.typeName)'")
            }
            let pairs = members.map { RuntimeValue.tuple(of: [$0.key, $0.value]) }
            return .list(of: try sorted(pairs, by: members.map { sortKey($0.key) }, position))
        default:
            var keys = elements
            if let path = arguments.value(2, "attribute") {
                keys = try values(at: path, of: elements, position)
            }
            let isCaseSensitive = arguments.value(1, "case_sensitive")?.isTrue ?? false
            if !isCaseSensitive { keys = keys.map(sortKey) }
            let isReversed = arguments.value(0, "reverse")?.isTrue ?? false
            return .list(of: try sorted(elements, by: keys, isReversed: isReversed, position))
        }
    }

    /// Jinja orders and compares texts without regard to case.
    private func sortKey(_ value: RuntimeValue) -> RuntimeValue {
        if case .string(let text) = value { .string(text.lowercased()) } else { value }
    }

    private func sorted(
        _ elements: [RuntimeValue], by keys: [RuntimeValue], isReversed: Bool = false,
        _ position: TemplatePosition
    ) throws(TokenizationError) -> [RuntimeValue] {
        try spend(elements.count * 16 + keys.reduce(0) { $0 + $1.weight } * 16, position)
        var problem: TokenizationError?
        let order = keys.indices.sorted { first, second in
            let (left, right) = isReversed ? (keys[second], keys[first]) : (keys[first], keys[second])
            guard let isLess = left.isLess(than: right) else {
                problem = position.error(
                    "'<' not supported between '\(left.typeName)' and '\(right.typeName)'")
                return first < second
            }
            return isLess
        }
        if let problem { throw problem }
        return order.map { elements[$0] }
    }

    /// The values at a path such as `function.name` or `0`.
    private func values(
        at path: RuntimeValue, of elements: [RuntimeValue], _ position: TemplatePosition
    ) throws(TokenizationError) -> [RuntimeValue] {
        let parts: [RuntimeValue] =
            if case .string(let text) = path {
                PythonText.split(text, by: ".", -1).map { Int($0).map { .integer($0) } ?? .string($0) }
            } else {
                [path]
            }
        var result: [RuntimeValue] = []
        for element in elements {
            var value = element
            for part in parts { value = try item(part, of: value, position) }
            result.append(value)
        }
        return result
    }

    private func map(
        _ elements: [RuntimeValue], _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        if let path = arguments.value(.max, "attribute") {
            let fallback = arguments.value(.max, "default")
            let values = try values(at: path, of: elements, position)
            return .list(
                of: values.map { value in
                    if case .undefined = value { fallback ?? value } else { value }
                })
        }
        guard let name = arguments.positional.first?.text, Self.filterNames.contains(name) else {
            throw position.error("map takes a filter's name or attribute=")
        }
        var rest = arguments
        rest.positional.removeFirst()
        var result: [RuntimeValue] = []
        for element in elements {
            result.append(
                try nested(position) { () throws(TokenizationError) in
                    try apply(filter: name, to: element, rest, position)
                })
        }
        return .list(of: result)
    }

    private func filtered(
        _ name: String, _ elements: [RuntimeValue], _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        var rest = arguments
        var tested = elements
        if name.hasSuffix("attr") {
            guard let path = rest.positional.first else {
                throw position.error("\(name) takes an attribute")
            }
            rest.positional.removeFirst()
            tested = try values(at: path, of: elements, position)
        }
        let test = rest.positional.first?.text
        if let test, !Self.testNames.contains(test) {
            let known = Self.testNames.sorted().joined(separator: ", ")
            throw position.error("the test \(test) is not supported", "supported: \(known)")
        }
        if test != nil { rest.positional.removeFirst() }
        var result: [RuntimeValue] = []
        for (element, value) in zip(elements, tested) {
            let holds = test == nil ? value.isTrue : try apply(test: test ?? "", to: value, rest, position)
            if holds == name.hasPrefix("select") { result.append(element) }
        }
        return .list(of: result)
    }
}
