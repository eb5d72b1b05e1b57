// SPDX-License-Identifier: Apache-2.0
// Jinja's filters that make one element after another, when these are read.

import JSONText

extension TemplateRenderer {
    /// Makes a result from an element, or nil to leave the element out.
    private typealias Step = (RuntimeValue) throws(InputError) -> RuntimeValue?

    /// Applies a filter that makes a sequence.
    func sequence(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        if arguments.function == "reverse" { return try reversed(value, arguments.position) }
        let inputs = [value, arguments[1] ?? .none] + arguments.rest.positional
        let depth = RuntimeList.measure(inputs + arguments.rest.named.map(\.value)).depth
        var next: RuntimeIterator.Next?
        return .iterator(
            RuntimeIterator(Self.label(of: arguments.function), depth: depth - 1) {
                [unowned self] () throws(InputError) in
                if next == nil { next = try start(value, arguments) }
                return try next?()
            })
    }

    private static func label(of filter: String) -> String {
        switch filter {
        case "items", "batch": "generator object do_\(filter)"
        case "map", "slice", "unique": "generator object sync_do_\(filter)"
        default: "generator object select_or_reject"
        }
    }

    /// Returns what makes the elements of a sequence. Only now are errors found, as in Jinja.
    private func start(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeIterator.Next {
        let position = arguments.position
        let step: Step
        switch arguments.function {
        case "items":
            if !value.isUndefined, value.typeName != "dict" {
                throw position.error("Can only get item pairs from a mapping.")
            }
            return RuntimeIterator(RuntimeList(try pairs(of: value))).advance
        case "batch", "slice":
            return RuntimeIterator(RuntimeList(try portions(of: value, arguments))).advance
        case "unique": step = unique(arguments)
        case let name:
            guard value.isTrue else { return { nil } }
            step = name == "map" ? try mapping(arguments) : try selection(arguments)
        }
        let source = try iterator(over: value, position)
        return { [unowned self] () throws(InputError) -> RuntimeValue? in
            while let element = try nested(position, source.advance) {
                try spend(1 + element.weight, position)
                let made = try nested(position) { () throws(InputError) in try step(element) }
                if let made { return made }
            }
            return nil
        }
    }

    private func pairs(of value: RuntimeValue) throws(InputError) -> [RuntimeValue] {
        guard case .dictionary(let members) = value else { return [] }
        return members.map { .tuple(of: [$0.key, $0.value]) }
    }

    private func reversed(
        _ value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if let text = value.string {
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: text.unicodeScalars.reversed())
            return .text(String(scalars), isMarkup: value.isMarkup)
        }
        let elements = RuntimeList(try elements(of: value, position).reversed())
        if case .iterator = value { return .list(elements) }
        let label =
            switch value {
            case .list: "list_reverseiterator"
            case .range: "range_iterator"
            case .dictionary: "dict_reversekeyiterator"
            case .view("dict_keys", _): "dict_reversekeyiterator"
            case .view("dict_values", _): "dict_reversevalueiterator"
            case .view: "dict_reverseitemiterator"
            default: "reversed"
            }
        return .iterator(RuntimeIterator(elements, label: label + " object"))
    }

    private func portions(
        of value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> [RuntimeValue] {
        let position = arguments.position
        let elements = try elements(of: value, position)
        let size = try arguments.integer(0, default: 1)
        let fill = arguments.optional(1)
        try spend(elements.count + min(max(size, 0), Int.max / 2), position)
        var portions: [[RuntimeValue]] = []
        if arguments.function == "batch" {
            var portion: [RuntimeValue] = []
            for element in elements {
                if portion.count == size {
                    portions.append(portion)
                    portion = []
                }
                portion.append(element)
            }
            if let fill, !portion.isEmpty, portion.count < size {
                portion += Array(repeating: fill, count: size - portion.count)
            }
            if !portion.isEmpty { portions.append(portion) }
        } else {
            guard size != 0 else { throw position.error("integer division or modulo by zero") }
            var start = 0
            for index in 0..<max(size, 0) {
                let isLonger = index < elements.count % size
                let end = start + elements.count / size + (isLonger ? 1 : 0)
                portions.append(elements[start..<end] + (isLonger ? [] : fill.map { [$0] } ?? []))
                start = end
            }
        }
        return portions.map { .list(of: $0) }
    }

    private func unique(_ arguments: BoundArguments) -> Step {
        let path = pathParts(arguments[1])
        var seen: [RuntimeValue] = []
        return { [unowned self] (element) throws(InputError) -> RuntimeValue? in
            let value = try value(at: path, of: element, default: nil, arguments.position)
            let key = sortKey(value, arguments.flag(0))
            guard key.isHashable else {
                throw arguments.position.error("unhashable type: '\(key.typeName)'")
            }
            try spend(seen.count, arguments.position)
            guard !seen.contains(where: { $0.equals(key) }) else { return nil }
            seen.append(key)
            return element
        }
    }

    private func mapping(_ arguments: BoundArguments) throws(InputError) -> Step {
        let position = arguments.position
        var rest = arguments.rest
        if rest.positional.isEmpty, let path = rest.named.first(where: { $0.name == "attribute" }) {
            if let extra = rest.named.first(where: { !["attribute", "default"].contains($0.name) })
            {
                throw position.error("Unexpected keyword argument '\(extra.name)'")
            }
            let parts = pathParts(path.value)
            let fallback = rest.named.first { $0.name == "default" && !$0.value.isNone }?.value
            return { [unowned self] (element) throws(InputError) -> RuntimeValue? in
                try value(at: parts, of: element, default: fallback, position)
            }
        }
        guard let name = rest.positional.first?.string else {
            throw position.error("map takes a filter's name or attribute=")
        }
        rest.positional.removeFirst()
        let call = rest
        return { [unowned self] (element) throws(InputError) -> RuntimeValue? in
            try apply(filter: name, to: element, call, position)
        }
    }

    private func selection(_ arguments: BoundArguments) throws(InputError) -> Step {
        let position = arguments.position
        var rest = arguments.rest
        var path: [RuntimeValue] = []
        if arguments.function.hasSuffix("attr") {
            guard let first = rest.positional.first else {
                throw position.error("Missing parameter for attribute name")
            }
            path = pathParts(first)
            rest.positional.removeFirst()
        }
        let test = rest.positional.first
        if test != nil { rest.positional.removeFirst() }
        let call = rest
        let keeps = arguments.function.hasPrefix("select")
        let parts = path
        return { [unowned self] (element) throws(InputError) -> RuntimeValue? in
            let value = try value(at: parts, of: element, default: nil, position)
            let holds =
                if let test {
                    try apply(test: test.string ?? "", to: value, call, position)
                } else {
                    value.isTrue
                }
            return holds == keeps ? element : nil
        }
    }
}
