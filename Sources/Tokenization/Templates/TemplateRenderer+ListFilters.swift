// SPDX-License-Identifier: Apache-2.0
// Jinja's filters that work on the elements of a list.

import JSONText

extension TemplateRenderer {
    /// Applies a filter that works on elements.
    func list(
        _ name: String, _ value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
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

    /// Returns the key by which a value is ordered and compared. Jinja ignores the case of texts.
    private func sortKey(_ value: RuntimeValue) -> RuntimeValue {
        if case .string(let text) = value { .string(text.lowercased()) } else { value }
    }

    private func sorted(
        _ elements: [RuntimeValue], by keys: [RuntimeValue], isReversed: Bool = false,
        _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        try spend(elements.count * 16 + keys.reduce(0) { $0 + $1.weight } * 16, position)
        var problem: InputError?
        let order = keys.indices.sorted { first, second in
            let (left, right) =
                isReversed ? (keys[second], keys[first]) : (keys[first], keys[second])
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

    /// Returns the values at a path such as `function.name` or `0`.
    private func values(
        at path: RuntimeValue, of elements: [RuntimeValue], _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        let parts: [RuntimeValue] =
            if case .string(let text) = path {
                PythonText.split(text, by: ".", -1).map {
                    Int($0).map { .integer($0) } ?? .string($0)
                }
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
    ) throws(InputError) -> RuntimeValue {
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
                try nested(position) { () throws(InputError) in
                    try apply(filter: name, to: element, rest, position)
                })
        }
        return .list(of: result)
    }

    private func filtered(
        _ name: String, _ elements: [RuntimeValue], _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
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
            let holds =
                test == nil ? value.isTrue : try apply(test: test ?? "", to: value, rest, position)
            if holds == name.hasPrefix("select") { result.append(element) }
        }
        return .list(of: result)
    }
}
