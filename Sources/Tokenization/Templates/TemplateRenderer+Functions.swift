// SPDX-License-Identifier: Apache-2.0
// The functions of templates, and calls of all that can be called.

import JSONText

extension TemplateRenderer {
    /// The greatest number of elements of a range, as in Jinja's sandbox.
    private static let greatestRange = 100_000

    /// The functions.
    static let functions: [String: Signature] = [
        "range": "FIRST LAST? STEP?", "namespace": "MEMBERS? *", "dict": "MEMBERS? *",
        "raise_exception": "message", "strftime_now": "format", "cycler": "*", "joiner": "sep?",
    ]

    /// Calls a value.
    func call(
        _ callee: RuntimeValue, _ arguments: CallArguments, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch callee {
        case .macro(let macro): return .string(try call(macro, arguments, position))
        case .function(let name):
            guard let signature = Self.functions[name] else { break }
            return try call(function: try signature.bind(arguments, to: name, position))
        case .method(let receiver, let name):
            guard let signature = Self.methods(of: receiver)[name] else { break }
            try spend(receiver.weight, position)
            return try call(try signature.bind(arguments, to: name, position), on: receiver)
        case .loop(let loop):
            guard let scope = loop.scope else {
                throw position.error("the loop is not recursive", "write recursive into its for")
            }
            guard arguments.positional.count == 1, arguments.named.isEmpty else {
                throw position.error("loop() takes the elements of the inner loop")
            }
            let rendered = try render(
                loop.definition, in: scope, level: loop.level + 1,
                over: arguments.positional[0], position)
            return .string(rendered)
        case .joiner(let joiner):
            guard arguments.positional.isEmpty, arguments.named.isEmpty else {
                throw position.error("a joiner takes no arguments")
            }
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .string("")
        case .undefined(let reason):
            let methods = Self.textMethods.keys.sorted().joined(separator: ", ")
            throw position.error(
                reason, "methods of texts: \(methods); nothing can be changed in place")
        default: break
        }
        throw position.error("'\(callee.typeName)' object is not callable")
    }

    private func call(function arguments: BoundArguments) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        switch arguments.function {
        case "range": return try range(arguments)
        case "namespace":
            let members = try members(arguments)
            for member in members {
                if let name = member.key.string { try checkMember(name, position) }
            }
            return makeNamespace(members)
        case "dict": return .dictionary(try members(arguments))
        case "raise_exception":
            let message = try text(of: arguments[0] ?? .none, position)
            throw position.error(
                "the template refuses the conversation: \(message)",
                "change the messages, or use another template")
        case "cycler":
            let values = RuntimeList(arguments.rest.positional)
            guard !values.isEmpty, arguments.rest.named.isEmpty else {
                throw position.error("cycler() takes at least one value")
            }
            return .cycler(RuntimeCycler(values))
        case "joiner": return .joiner(RuntimeJoiner(arguments[0] ?? .string(", ")))
        default:
            guard let date else { throw position.error("strftime_now() has no date") }
            let format = try arguments.text(0)
            // The longest directive writes some 24 bytes.
            try checkLength(PythonText.product(format.utf8.count, 12), position)
            return .string(DateText(date).text(format))
        }
    }

    private func members(_ arguments: BoundArguments) throws(InputError) -> RuntimeDictionary {
        let position = arguments.position
        guard arguments.rest.positional.isEmpty else {
            throw position.error("\(arguments.function)() takes one mapping")
        }
        var members = RuntimeDictionary([])
        switch arguments[0] {
        case nil: break
        case .dictionary(let given): members = given
        case .namespace: throw position.error("'Namespace' object is not iterable")
        case let source?:
            for pair in try elements(of: source, position) {
                let parts = try elements(of: pair, position)
                guard parts.count == 2, parts[0].isHashable else {
                    throw position.error("\(arguments.function)() takes pairs of key and value")
                }
                try spend(members.count, position)
                members = members.setting(parts[0], to: parts[1])
            }
        }
        for (name, value) in arguments.rest.named {
            try spend(members.count, position)
            members = members.setting(.string(name), to: value)
        }
        return members
    }

    private func range(_ arguments: BoundArguments) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        let start = try arguments.integer(0, default: 0)
        let hasEnd = arguments[1] != nil
        let first = hasEnd ? start : 0
        let last = hasEnd ? try arguments.integer(1, default: 0) : start
        let step = try arguments.integer(2, default: 1)
        guard step != 0 else { throw position.error("range() step must not be zero") }
        var count = 0
        if step > 0 ? first < last : first > last {
            let distance = step > 0 ? last.subtracted(first) : first.subtracted(last)
            count = Int(min((distance - 1) / step.magnitude, UInt(Int.max - 1))) + 1
        }
        guard count <= Self.greatestRange else {
            throw position.error("Range too big: more than \(Self.greatestRange) elements")
        }
        try spend(count, position)
        return .range(RuntimeRange(from: first, to: last, by: step, count: count))
    }
}

extension Int {
    /// Returns the distance from a smaller number. It may exceed the range of `Int`.
    fileprivate func subtracted(_ smaller: Int) -> UInt { UInt(bitPattern: self &- smaller) }
}
