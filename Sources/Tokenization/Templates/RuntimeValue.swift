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
    /// A text that is marked as safe HTML. What is added to it is escaped.
    case markup(String)
    case list(RuntimeList)
    case tuple(RuntimeList)
    /// The result of `range()`.
    case range(RuntimeRange)
    /// The keys, values or items of a mapping, with the name of Python's type.
    case view(String, RuntimeList)
    case dictionary(RuntimeDictionary)
    case iterator(RuntimeIterator)
    case namespace(RuntimeNamespace)
    case loop(RuntimeLoop)
    case macro(RuntimeMacro)
    case function(String)
    case method(RuntimeValue, String)
    case cycler(RuntimeCycler)
    case joiner(RuntimeJoiner)

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
        case .markup: "Markup"
        case .list: "list"
        case .tuple: "tuple"
        case .range: "range"
        case .view(let name, _): name
        case .dictionary: "dict"
        case .iterator: "generator"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .function: "function"
        case .method: "method"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// Whether the value counts as true.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let value), .markup(let value): !value.isEmpty
        case .list(let values), .tuple(let values), .view(_, let values): !values.isEmpty
        case .range(let range): !range.values.isEmpty
        case .dictionary(let members): !members.isEmpty
        default: true
        }
    }

    /// The text of a text, marked as safe or not; nil for other values.
    var string: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
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

    /// The elements of a list, a tuple, a range or a view, or nil.
    var elements: RuntimeList? {
        switch self {
        case .list(let values), .tuple(let values), .view(_, let values): values
        case .range(let range): range.values
        default: nil
        }
    }

    /// Whether the value can be the key of a mapping.
    var isHashable: Bool {
        switch self {
        case .list, .dictionary, .view: false
        case .tuple(let values): values.allSatisfy(\.isHashable)
        default: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    var isNone: Bool { if case .none = self { true } else { false } }

    /// The work of reading the whole value, in the renderer's steps.
    var weight: Int {
        switch self {
        case .string(let text), .markup(let text): text.utf8.count / 32
        case .list(let values), .tuple(let values), .view(_, let values): values.weight
        case .range(let range): range.values.weight
        case .dictionary(let members): members.weight
        default: 0
        }
    }

    /// The depth of nesting in this value. What can change after it was made counts as flat: only
    /// printing looks inside, and has its own limit.
    var depth: Int {
        switch self {
        case .list(let values), .tuple(let values), .view(_, let values): values.depth
        case .range: 1
        case .dictionary(let members): members.depth
        case .method(let receiver, _): receiver.depth + 1
        case .iterator(let iterator): iterator.depth
        case .loop(let loop): loop.depth
        case .cycler(let cycler): cycler.values.depth
        case .joiner(let joiner): joiner.separator.depth + 1
        default: 0
        }
    }

    /// Returns a list of values.
    static func list(of values: [RuntimeValue]) -> RuntimeValue { .list(RuntimeList(values)) }

    /// Returns a tuple of values.
    static func tuple(of values: [RuntimeValue]) -> RuntimeValue { .tuple(RuntimeList(values)) }

    /// Returns a list of texts.
    static func list(of texts: [String], isMarkup: Bool = false) -> RuntimeValue {
        .list(of: texts.map { .text($0, isMarkup: isMarkup) })
    }

    /// Returns a mapping.
    static func dictionary(of members: [RuntimeDictionary.Element]) -> RuntimeValue {
        .dictionary(RuntimeDictionary(members))
    }

    /// Returns a text, marked as safe or not.
    static func text(_ text: String, isMarkup: Bool) -> RuntimeValue {
        isMarkup ? .markup(text) : .string(text)
    }

    /// Whether this is a text that is marked as safe.
    var isMarkup: Bool { if case .markup = self { true } else { false } }
}
