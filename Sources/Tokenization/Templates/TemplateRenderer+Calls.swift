// SPDX-License-Identifier: Apache-2.0
// Functions, and the methods of texts, lists and mappings.

import JSONText

extension TemplateRenderer {
    private static let textMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "splitlines", "upper",
        "lower", "title", "capitalize", "replace", "find", "count", "join", "removeprefix",
        "removesuffix", "isdigit", "isspace",
    ]
    private static let mappingMethods: Set<String> = ["items", "keys", "values", "get"]
    private static let listMethods: Set<String> = ["index", "count"]
    private static let loopMethods: Set<String> = ["cycle", "changed"]

    /// Returns the methods that a value has.
    static func methodNames(of value: RuntimeValue) -> Set<String> {
        switch value {
        case .string: textMethods
        case .dictionary: mappingMethods
        case .list, .tuple: listMethods
        case .loop: loopMethods
        default: []
        }
    }

    /// Calls a value.
    func call(
        _ callee: RuntimeValue, _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch callee {
        case .macro(let macro, let depth):
            return .string(try call(macro, scopeCount: depth, arguments, position))
        case .function(let name): return try call(function: name, arguments, position)
        case .method(let receiver, let name):
            try spend(receiver.weight, position)
            switch receiver {
            case .string(let text): return try call(name, on: text, arguments, position)
            case .dictionary(let members): return try call(name, on: members, arguments, position)
            case .list(let values), .tuple(let values):
                return try call(name, on: values, arguments, position)
            case .loop(let loop): return try call(name, on: loop, arguments, position)
            default: break
            }
        case .undefined(let reason):
            let methods = Self.textMethods.union(Self.mappingMethods).union(Self.listMethods)
            let known = methods.sorted().joined(separator: ", ")
            throw position.error(
                reason, "supported methods: \(known); nothing can be changed in place")
        default: break
        }
        throw position.error("'\(callee.typeName)' object is not callable")
    }

    // MARK: - Functions

    private func call(
        function name: String, _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch name {
        case "range": return try range(arguments, position)
        case "namespace", "dict":
            var members = RuntimeDictionary([])
            if let source = arguments.positional.first {
                guard case .dictionary(let given) = source else {
                    throw position.error("\(name)() takes a mapping or names with values")
                }
                members = given
            }
            for (name, value) in arguments.named {
                members = members.setting(.string(name), to: value)
            }
            guard name == "namespace" else { return .dictionary(members) }
            guard members.depth <= RuntimeList.greatestDepth else {
                throw position.error("a namespace in a namespace, or lists nested too deep")
            }
            return .namespace(RuntimeValue.Namespace(members.map { ($0.key.text, $0.value) }))
        case "raise_exception":
            let message = try arguments.value(0, "message").map { value throws(InputError) in
                try text(of: value, position)
            }
            throw position.error(
                "the template refuses the conversation: \(message ?? "")",
                "change the messages, or use another template")
        default:
            guard let date, let format = arguments.value(0, "format") else {
                throw position.error("strftime_now() takes a format")
            }
            return .string(try DateText(date).text(format.text, position))
        }
    }

    private func range(
        _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        let numbers = arguments.positional.compactMap(\.integer)
        guard (1...3).contains(numbers.count), numbers.count == arguments.positional.count else {
            throw position.error("range() takes one to three whole numbers")
        }
        let first = numbers.count > 1 ? numbers[0] : 0
        let last = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw position.error("range() step must not be zero") }
        var count = 0
        if step > 0 ? first < last : first > last {
            let distance = step > 0 ? last.subtracted(first) : first.subtracted(last)
            count = Int(min((distance - 1) / step.magnitude, UInt(Int.max - 1))) + 1
        }
        try spend(count, position)
        return .list(of: (0..<count).map { .integer(first &+ $0 &* step) })
    }

    // MARK: - Methods

    private func call(
        _ name: String, on text: String, _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        func string(_ index: Int) throws(InputError) -> String {
            guard case .string(let value)? = arguments.value(index, "") else {
                throw position.error("\(name)() takes a text as argument \(index + 1)")
            }
            return value
        }
        func characters() -> String? {
            if case .string(let value)? = arguments.value(0, "") { value } else { nil }
        }
        func maximum(_ label: String) -> Int {
            arguments.value(label == "count" ? 2 : 1, label)?.integer ?? -1
        }
        switch name {
        case "strip", "lstrip", "rstrip":
            return .string(
                PythonText.strip(
                    text, characters(), left: name != "rstrip", right: name != "lstrip"))
        case "startswith", "endswith":
            var parts: [RuntimeValue] = [arguments.value(0, "") ?? .none]
            if case .tuple(let several) = parts[0] { parts = several.elements }
            for part in parts {
                guard case .string(let part) = part else {
                    throw position.error("\(name)() takes a text or a tuple of texts")
                }
                if PythonText.has(text, part, atEnd: name == "endswith") { return .boolean(true) }
            }
            return .boolean(false)
        case "split":
            var separator = arguments.value(0, "sep")
            if case .some(.none) = separator { separator = nil }
            guard let separator else {
                return texts(PythonText.splitAtSpace(text, maximum("maxsplit")))
            }
            guard case .string(let separator) = separator, !separator.isEmpty else {
                throw position.error("split() takes a text that is not empty")
            }
            try spend(PythonText.work(text, separator), position)
            return texts(PythonText.split(text, by: separator, maximum("maxsplit")))
        case "splitlines": return texts(PythonText.lines(of: text))
        case "upper": return .string(text.uppercased())
        case "lower": return .string(text.lowercased())
        case "title": return .string(PythonText.titled(text, atSpaces: false))
        case "capitalize": return .string(PythonText.capitalized(text))
        case "replace":
            return .string(
                try replace(text, try string(0), try string(1), maximum("count"), position))
        case "find":
            let part = try string(0)
            try spend(PythonText.work(text, part), position)
            let bytes = Array(text.utf8)
            guard let place = PythonText.firstIndex(of: Array(part.utf8), in: bytes) else {
                return .integer(-1)
            }
            let before = String(decoding: bytes[..<place], as: UTF8.self)
            return .integer(before.unicodeScalars.count)
        case "count":
            let part = try string(0)
            guard !part.isEmpty else { return .integer(text.unicodeScalars.count + 1) }
            try spend(PythonText.work(text, part), position)
            return .integer(PythonText.split(text, by: part, -1).count - 1)
        case "join":
            let elements = try elements(of: arguments.value(0, "") ?? .none, position)
            for case let element in elements {
                guard case .string = element else {
                    throw position.error("join() takes texts, found '\(element.typeName)'")
                }
            }
            return .string(try join(elements, with: text, position))
        case "removeprefix", "removesuffix":
            let part = try string(0)
            let isEnd = name == "removesuffix"
            guard PythonText.has(text, part, atEnd: isEnd) else { return .string(text) }
            let count = part.utf8.count
            let rest = isEnd ? text.utf8.dropLast(count) : text.utf8.dropFirst(count)
            return .string(String(decoding: rest, as: UTF8.self))
        case "isdigit":
            let isNumber = text.unicodeScalars.allSatisfy {
                $0.properties.numericType == .decimal || $0.properties.numericType == .digit
            }
            return .boolean(!text.isEmpty && isNumber)
        default:
            return .boolean(!text.isEmpty && text.unicodeScalars.allSatisfy(\.isPythonSpace))
        }
    }

    private func texts(_ texts: [String]) -> RuntimeValue {
        .list(of: texts.map(RuntimeValue.string))
    }

    private func call(
        _ name: String, on members: RuntimeDictionary, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch name {
        case "items": return .list(of: members.map { .tuple(of: [$0.key, $0.value]) })
        case "keys": return .list(of: members.map(\.key))
        case "values": return .list(of: members.map(\.value))
        default:
            guard let key = arguments.value(0, "") else {
                throw position.error("get() takes a key")
            }
            let value = key.isKey ? members[key] : nil
            return value ?? arguments.value(1, "") ?? .none
        }
    }

    private func call(
        _ name: String, on values: RuntimeList, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        guard let value = arguments.value(0, "") else {
            throw position.error("\(name)() takes a value")
        }
        if name == "count" { return .integer(values.count { $0.equals(value) }) }
        guard let index = values.firstIndex(where: { $0.equals(value) }) else {
            throw position.error("\(value.representation) is not in list")
        }
        return .integer(index)
    }

    private func call(
        _ name: String, on loop: RuntimeValue.Loop, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if name == "changed" {
            let values = RuntimeList(arguments.positional)
            defer { loop.lastChanged = values }
            guard values.depth <= RuntimeList.greatestDepth else {
                throw position.error("changed() takes plain values")
            }
            let isSame = loop.lastChanged.map { RuntimeValue.list($0).equals(.list(values)) }
            return .boolean(!(isSame ?? false))
        }
        guard !arguments.positional.isEmpty else { throw position.error("no items for cycling") }
        return arguments.positional[loop.index % arguments.positional.count]
    }

    // MARK: - Shared with filters

    /// Replaces text within the limits.
    func replace(
        _ text: String, _ old: String, _ new: String, _ maximum: Int, _ position: TemplatePosition
    ) throws(InputError) -> String {
        try spend(PythonText.work(text, old), position)
        let count = text.utf8.count / max(old.utf8.count, 1) + 1
        let (growth, overflows) = count.multipliedReportingOverflow(by: new.utf8.count)
        if overflows || text.utf8.count + growth > Self.greatestTextLength {
            let pieces = old.isEmpty ? count : PythonText.split(text, by: old, maximum).count
            let bound = pieces.multipliedReportingOverflow(by: new.utf8.count)
            try checkLength(
                bound.overflow ? Int.max / 2 : bound.partialValue + text.utf8.count, position)
        }
        return PythonText.replace(text, old, new, maximum)
    }

    /// Joins texts within the limits.
    func join(
        _ values: [RuntimeValue], with separator: String, _ position: TemplatePosition
    ) throws(InputError) -> String {
        var parts: [String] = []
        var length = 0
        for value in values {
            parts.append(try text(of: value, position))
            length += (parts.last?.utf8.count ?? 0) + separator.utf8.count
            guard length <= Self.greatestTextLength else { break }
        }
        try checkLength(length, position)
        return parts.joined(separator: separator)
    }
}

extension Int {
    /// Returns the distance from a smaller number. It may exceed the range of `Int`.
    fileprivate func subtracted(_ smaller: Int) -> UInt { UInt(bitPattern: self &- smaller) }
}
