// SPDX-License-Identifier: Apache-2.0
// Jinja's tests, which follow `is`.

import Foundation
import JSONText

extension TemplateRenderer {
    /// The tests.
    static let tests: [String: Signature] = [
        "boolean": "", "callable": "", "defined": "", "divisibleby": "num", "escaped": "",
        "even": "", "false": "", "filter": "", "float": "", "in": "seq", "integer": "",
        "iterable": "", "lower": "", "mapping": "", "none": "", "number": "", "odd": "",
        "sameas": "other", "sequence": "", "string": "", "test": "", "true": "", "undefined": "",
        "upper": "",
    ].merging(comparisons.mapValues { _ in "OTHER" }) { first, _ in first }

    private static let comparisons = [
        "eq": "==", "equalto": "==", "==": "==", "ne": "!=", "!=": "!=", "lt": "<",
        "lessthan": "<", "<": "<", "le": "<=", "<=": "<=", "gt": ">", "greaterthan": ">",
        ">": ">", "ge": ">=", ">=": ">=",
    ]

    /// Returns whether a test is true.
    func apply(
        _ test: TemplateCall, as value: RuntimeValue
    ) throws(InputError) -> Bool {
        let arguments = try evaluate(test.arguments, test.position)
        return try apply(test: test.name, to: value, arguments, test.position)
    }

    /// Returns whether the test with this name is true.
    func apply(
        test name: String, to value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> Bool {
        guard let signature = Self.tests[name] else {
            throw Self.unknown("test", name, Self.tests.keys, position)
        }
        let arguments = try signature.bind(arguments, to: name, position)
        if let sign = Self.comparisons[name] {
            return try compare(value, sign, arguments[0] ?? .none, position)
        }
        switch name {
        case "in": return try compare(value, "in", arguments[0] ?? .none, position)
        case "sameas": return value.isIdentical(to: arguments[0] ?? .none)
        case "lower", "upper":
            let text = try text(of: value, position)
            return PythonText.holds(name == "lower" ? "islower" : "isupper", for: text)
        case "odd", "even", "divisibleby":
            let divisor = name == "divisibleby" ? arguments[0] ?? .none : .integer(2)
            let remainder = try combine(value, "%", divisor, position)
            return remainder.equals(.integer(name == "odd" ? 1 : 0))
        case "filter": return value.string.map { Self.filters[$0] != nil } ?? false
        case "test": return value.string.map { Self.tests[$0] != nil } ?? false
        default: return Self.isOfKind(name, value)
        }
    }

    private static func isOfKind(_ name: String, _ value: RuntimeValue) -> Bool {
        switch (name, value) {
        case ("defined", .undefined): false
        case ("defined", _), ("undefined", .undefined), ("none", .none), ("string", .string),
            ("string", .markup), ("escaped", .markup), ("mapping", .dictionary),
            ("boolean", .boolean), ("integer", .integer), ("float", .number),
            ("true", .boolean(true)), ("false", .boolean(false)), ("number", .boolean),
            ("number", .integer), ("number", .number):
            true
        case ("sequence", .string), ("sequence", .markup), ("sequence", .list),
            ("sequence", .tuple), ("sequence", .range), ("sequence", .dictionary),
            ("sequence", .undefined):
            true
        case ("iterable", .string), ("iterable", .markup), ("iterable", .list),
            ("iterable", .tuple), ("iterable", .range), ("iterable", .view),
            ("iterable", .dictionary), ("iterable", .undefined), ("iterable", .iterator),
            ("iterable", .loop):
            true
        case ("callable", .macro), ("callable", .function), ("callable", .method),
            ("callable", .loop), ("callable", .joiner), ("callable", .undefined):
            true
        default: false
        }
    }
}
