// SPDX-License-Identifier: Apache-2.0
// Jinja's filters that read all elements of a value.

import JSONText

extension TemplateRenderer {
    /// Applies a filter that reads all elements.
    func list(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        switch arguments.function {
        case "first":
            let iterator = try iterator(over: value, position)
            let first = try nested(position, iterator.advance)
            return first ?? .undefined("No first item, sequence was empty.")
        case "last":
            if case .iterator = value {
                throw position.error("'generator' object is not reversible")
            }
            guard let last = try elements(of: value, position).last else {
                return .undefined("No last item, sequence was empty.")
            }
            // Python's reversed() reads a safe text by its own method.
            return value.isMarkup ? .markup(last.string ?? "") : last
        case "dictsort": return try dictsort(value, arguments)
        default: break
        }
        let elements = try elements(of: value, position)
        switch arguments.function {
        case "list": return .list(of: elements)
        case "join":
            let joined = try values(at: arguments[1], of: elements, position)
            let separator = try text(of: arguments[0] ?? .string(""), position)
            return .string(try join(joined, with: separator, position))
        case "sum":
            var total = arguments[1] ?? .integer(0)
            if total.string != nil { throw position.error("sum() can't sum strings") }
            for element in try values(at: arguments[0], of: elements, position) {
                total = try combine(total, "+", element, position)
            }
            return total
        case "min", "max":
            let keys = try values(at: arguments[1], of: elements, position)
                .map { sortKey($0, arguments.flag(0)) }
            return try extreme(elements, by: keys, arguments)
        case "groupby": return try groups(elements, arguments)
        default:
            let keys = try multipleKeys(elements, arguments)
            return .list(
                of: try sorted(elements, by: keys, isReversed: arguments.flag(0), position))
        }
    }

    private func dictsort(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        guard case .dictionary(let members) = value else {
            throw position.error("dictsort takes a mapping, found '\(value.typeName)'")
        }
        let by = try arguments[1] == nil ? "key" : arguments.text(1)
        guard by == "key" || by == "value" else {
            throw position.error("You can only sort by either \"key\" or \"value\"")
        }
        let pairs = members.map { RuntimeValue.tuple(of: [$0.key, $0.value]) }
        let keys = members.map { sortKey(by == "key" ? $0.key : $0.value, arguments.flag(0)) }
        return .list(of: try sorted(pairs, by: keys, isReversed: arguments.flag(2), position))
    }

    private func extreme(
        _ elements: [RuntimeValue], by keys: [RuntimeValue], _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        guard var best = keys.indices.first else {
            return .undefined("No aggregated item, sequence was empty.")
        }
        let sign = arguments.function == "min" ? "<" : ">"
        for index in keys.indices.dropFirst()
        where try compare(keys[index], sign, keys[best], arguments.position) {
            best = index
        }
        return elements[best]
    }

    private func groups(
        _ elements: [RuntimeValue], _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        let fallback = arguments.optional(1)
        let labels = try values(at: arguments[0], of: elements, default: fallback, position)
        let keys = labels.map { sortKey($0, arguments.flag(2)) }
        let order = try order(of: keys, isReversed: false, position)
        var groups: [(label: RuntimeValue, key: RuntimeValue, members: [RuntimeValue])] = []
        for index in order {
            if let last = groups.indices.last, groups[last].key.equals(keys[index]) {
                groups[last].members.append(elements[index])
            } else {
                groups.append((labels[index], keys[index], [elements[index]]))
            }
        }
        return .list(of: groups.map { .tuple(of: [$0.label, .list(of: $0.members)]) })
    }

    // MARK: - Order

    /// Returns the key by which a value is ordered and compared. Jinja ignores the case of texts.
    func sortKey(_ value: RuntimeValue, _ isCaseSensitive: Bool) -> RuntimeValue {
        guard !isCaseSensitive, let text = value.string else { return value }
        return .string(text.lowercased())
    }

    /// Returns one list of keys for each element: `attribute` may name several.
    private func multipleKeys(
        _ elements: [RuntimeValue], _ arguments: BoundArguments
    ) throws(InputError) -> [RuntimeValue] {
        let paths: [RuntimeValue?] =
            if let text = arguments[2]?.string {
                PythonText.split(text, by: ",", -1).map { .string($0) }
            } else {
                [arguments[2]]
            }
        var keys: [[RuntimeValue]] = elements.map { _ in [] }
        for path in paths {
            let values = try values(at: path, of: elements, arguments.position)
            for (index, value) in values.enumerated() {
                keys[index].append(sortKey(value, arguments.flag(1)))
            }
        }
        return keys.map { .list(of: $0) }
    }

    private func sorted(
        _ elements: [RuntimeValue], by keys: [RuntimeValue], isReversed: Bool = false,
        _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        try order(of: keys, isReversed: isReversed, position).map { elements[$0] }
    }

    private func order(
        of keys: [RuntimeValue], isReversed: Bool, _ position: TemplatePosition
    ) throws(InputError) -> [Int] {
        try spend(keys.count * 16 + keys.reduce(0) { $0 + $1.weight } * 16, position)
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
        return order
    }

    /// Returns the values at a path such as `function.name` or `0`; the elements without a path.
    func values(
        at path: RuntimeValue?, of elements: [RuntimeValue], default fallback: RuntimeValue? = nil,
        _ position: TemplatePosition
    ) throws(InputError) -> [RuntimeValue] {
        let parts = pathParts(path)
        var result: [RuntimeValue] = []
        for element in elements {
            result.append(try self.value(at: parts, of: element, default: fallback, position))
        }
        return result
    }

    /// Returns the parts of a path.
    func pathParts(_ path: RuntimeValue?) -> [RuntimeValue] {
        guard let path, !path.isNone else { return [] }
        guard let text = path.string else { return [path] }
        return PythonText.split(text, by: ".", -1).map { part in
            let isNumber = PythonText.holds("isdigit", for: part)
            return (isNumber ? Int(part) : nil).map { .integer($0) } ?? .string(part)
        }
    }

    /// Returns the value at a path.
    func value(
        at parts: [RuntimeValue], of element: RuntimeValue, default fallback: RuntimeValue?,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        var value = element
        for part in parts {
            value = try item(part, of: value, position)
            if value.isUndefined, let fallback { value = fallback }
        }
        return value
    }
}
