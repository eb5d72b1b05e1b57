// SPDX-License-Identifier: Apache-2.0
// Jinja's tests, which follow `is`.

import JSONText

extension TemplateRenderer {
    /// The supported tests.
    static let testNames: Set<String> = [
        "defined", "undefined", "none", "string", "mapping", "sequence", "iterable", "number",
        "integer", "float", "boolean", "true", "false", "callable", "odd", "even", "divisibleby",
        "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge", "in", "sameas",
        "lower", "upper",
    ]
    private static let comparisons = [
        "eq": "==", "equalto": "==", "ne": "!=", "lt": "<", "lessthan": "<", "le": "<=",
        "gt": ">", "greaterthan": ">", "ge": ">=", "in": "in",
    ]

    /// Returns whether a test is true.
    func apply(
        _ test: TemplateCall, as value: RuntimeValue
    ) throws(InputError) -> Bool {
        try apply(test: test.name, to: value, try evaluate(test.arguments), test.position)
    }

    /// Returns whether the test with this name is true.
    func apply(
        test name: String, to value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> Bool {
        if let sign = Self.comparisons[name] {
            guard let other = arguments.positional.first else {
                throw position.error("the test \(name) takes a value")
            }
            return try compare(value, sign, other, position)
        }
        switch (name, value) {
        case ("defined", .undefined): return false
        case ("defined", _), ("undefined", .undefined): return true
        case ("none", .none), ("string", .string), ("mapping", .dictionary), ("boolean", .boolean),
            ("integer", .integer), ("float", .number), ("true", .boolean(true)),
            ("false", .boolean(false)), ("number", .boolean), ("number", .integer),
            ("number", .number):
            return true
        case ("sequence", .string), ("sequence", .list), ("sequence", .tuple),
            ("sequence", .dictionary), ("sequence", .undefined), ("iterable", .string),
            ("iterable", .list), ("iterable", .tuple), ("iterable", .dictionary),
            ("iterable", .undefined), ("callable", .macro), ("callable", .function),
            ("callable", .method):
            return true
        case ("lower", _), ("upper", _):
            let text = try text(of: value, position)
            let isCased = text.unicodeScalars.contains { $0.properties.isCased }
            let other = name == "lower" ? text.lowercased() : text.uppercased()
            return isCased && text.utf8.elementsEqual(other.utf8)
        case ("odd", _), ("even", _), ("divisibleby", _):
            guard let number = value.integer,
                let divisor = name == "divisibleby" ? arguments.value(0, "num")?.integer : 2,
                divisor != 0
            else {
                throw position.error("the test \(name) takes whole numbers")
            }
            let remainder = number.remainderReportingOverflow(dividingBy: divisor).partialValue
            return (remainder == 0) != (name == "odd")
        case ("sameas", _):
            guard let other = arguments.positional.first else {
                throw position.error("the test sameas takes a value")
            }
            let isEqual = try compare(value, "==", other, position)
            return isEqual && value.typeName == other.typeName
        default: return false
        }
    }
}
