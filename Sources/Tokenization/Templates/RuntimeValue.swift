// SPDX-License-Identifier: Apache-2.0
// The values of a template, with the behaviour of Python.

/// A value while a template is rendered.
indirect enum RuntimeValue {
    /// A missing value, with the reason for an error.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list(RuntimeList)
    case tuple(RuntimeList)
    case dictionary(RuntimeDictionary)
    case namespace(Namespace)
    case loop(Loop)
    case macro(TemplateMacro, depth: Int)
    case function(String)
    case method(RuntimeValue, String)

    /// The result of `namespace()`: the only value that a template can change.
    final class Namespace {
        var members: [(key: String, value: RuntimeValue)]
        init(_ members: [(key: String, value: RuntimeValue)]) { self.members = members }
    }

    /// The state of a `for` loop.
    final class Loop {
        let elements: [RuntimeValue]
        var index = 0
        var lastChanged: RuntimeList?
        init(_ elements: [RuntimeValue]) { self.elements = elements }
    }

    /// Takes the value of a variable that the caller gave.
    init(_ value: TemplateValue) {
        switch value {
        case .none: self = .none
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(of: values.map(RuntimeValue.init))
        case .dictionary(let entries):
            self = .dictionary(of: entries.map { (.string($0.key), RuntimeValue($0.value)) })
        }
    }

    /// The name of the value's type in Python's errors.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .boolean: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .namespace: "namespace"
        case .loop: "loop"
        case .macro: "macro"
        case .function: "function"
        case .method: "method"
        }
    }

    /// Whether the value counts as true.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let values), .tuple(let values): !values.isEmpty
        case .dictionary(let members): !members.isEmpty
        case .namespace, .loop, .macro, .function, .method: true
        }
    }

    /// The value as a whole number, or nil; booleans count as numbers, as in Python.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The value as a number, or nil if it is not a number.
    var number: Double? {
        if case .number(let value) = self { return value }
        return integer.map(Double.init)
    }

    /// Returns whether Python's `==` holds.
    func equals(_ other: RuntimeValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.dictionary(let left), .dictionary(let right)):
            return left.count == right.count
                && left.allSatisfy { member in
                    right.contains { $0.key.equals(member.key) && $0.value.equals(member.value) }
                }
        case (.namespace(let left), .namespace(let right)): return left === right
        default:
            if let left = integer, let right = other.integer { return left == right }
            if let left = number, let right = other.number { return left == right }
            return false
        }
    }

    /// Returns whether the value is less in Python's order, or nil if Python cannot compare the
    /// two.
    func isLess(than other: RuntimeValue) -> Bool? {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            // The order of UTF-8 is that of code points.
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (first, second) in zip(left, right) where !first.equals(second) {
                return first.isLess(than: second)
            }
            return left.count < right.count
        default:
            if let left = integer, let right = other.integer { return left < right }
            guard let left = number, let right = other.number else { return nil }
            return left < right
        }
    }

    /// The work of reading the whole value, in the renderer's steps.
    var weight: Int {
        switch self {
        case .string(let text): text.utf8.count / 32
        case .list(let values), .tuple(let values): values.weight
        case .dictionary(let members): members.weight
        default: 0
        }
    }

    /// The depth of nesting in this value.
    var depth: Int {
        switch self {
        case .list(let values), .tuple(let values): values.depth
        case .dictionary(let members): members.depth
        case .method(let receiver, _): receiver.depth + 1
        // They may change after they were stored, so their depth cannot be known.
        case .namespace, .loop: RuntimeList.greatestDepth
        default: 0
        }
    }

    /// Returns a list of values.
    static func list(of values: [RuntimeValue]) -> RuntimeValue { .list(RuntimeList(values)) }

    /// Returns a tuple of values.
    static func tuple(of values: [RuntimeValue]) -> RuntimeValue { .tuple(RuntimeList(values)) }

    /// Returns a mapping.
    static func dictionary(of members: [RuntimeDictionary.Element]) -> RuntimeValue {
        .dictionary(RuntimeDictionary(members))
    }
}
