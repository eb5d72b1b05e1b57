// SPDX-License-Identifier: Apache-2.0
// Arithmetic with Python's behaviour.

import Foundation
import JSONText

extension TemplateRenderer {
    /// `-value`
    func negate(
        _ value: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if let integer = value.integer, integer != .min { return .integer(-integer) }
        guard let number = value.number else {
            throw position.error("bad operand type for unary -: '\(value.typeName)'")
        }
        return .number(-number)
    }

    /// `left sign right` for `+ - * / // % **`
    func combine(
        _ left: RuntimeValue, _ sign: String, _ right: RuntimeValue,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        if sign == "%", let format = left.string {
            let text = try percent(format, right, isMarkup: left.isMarkup, position)
            return .text(text, isMarkup: left.isMarkup)
        }
        for case .undefined(let reason) in [left, right] { throw position.error(reason) }
        switch (sign, left, right) {
        case ("+", .list(let first), .list(let second)):
            try spend(first.count + second.count, position)
            return .list(of: first.elements + second.elements)
        case ("+", .tuple(let first), .tuple(let second)):
            try spend(first.count + second.count, position)
            return .tuple(of: first.elements + second.elements)
        case ("+", _, _):
            if let first = left.string, let second = right.string {
                return try joined(first, left.isMarkup, second, right.isMarkup, position)
            }
        case ("*", _, _):
            if let count = right.integer, let value = try repeated(left, count, position) {
                return value
            }
            if let count = left.integer, let value = try repeated(right, count, position) {
                return value
            }
        default: break
        }
        if sign != "/", let first = left.integer, let second = right.integer {
            if sign == "**", second < 0 {
                return .number(try combine(Double(first), sign, Double(second), position))
            }
            return .integer(try combine(first, sign, second, position))
        }
        guard let first = left.number, let second = right.number else {
            throw position.error(
                "unsupported operands for \(sign): '\(left.typeName)' and '\(right.typeName)'")
        }
        return .number(try combine(first, sign, second, position))
    }

    /// Returns two texts as one. If one is marked as safe, the other is escaped.
    private func joined(
        _ first: String, _ firstIsMarkup: Bool, _ second: String, _ secondIsMarkup: Bool,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        try checkLength(first.utf8.count + second.utf8.count, position)
        guard firstIsMarkup || secondIsMarkup else { return .string(first + second) }
        return .markup(
            (firstIsMarkup ? first : PythonText.escaped(first))
                + (secondIsMarkup ? second : PythonText.escaped(second)))
    }

    /// Returns a text, a list or a tuple several times; nil for other values.
    private func repeated(
        _ value: RuntimeValue, _ count: Int, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue? {
        switch value {
        case .string(let text), .markup(let text):
            try checkLength(product(text.utf8.count, count), position)
            let text = String(repeating: text, count: max(count, 0))
            return .text(text, isMarkup: value.isMarkup)
        case .list(let values), .tuple(let values):
            try spend(product(values.count, count), position)
            let repeated = (0..<max(count, 0)).flatMap { _ in values.elements }
            return if case .list = value { .list(of: repeated) } else { .tuple(of: repeated) }
        default: return nil
        }
    }

    /// Returns a product of sizes. It is used for limits only.
    private func product(_ size: Int, _ count: Int) -> Int {
        let (result, overflows) = size.multipliedReportingOverflow(by: max(count, 0))
        // Repeating even an empty text takes time.
        return overflows ? Int.max / 2 : max(result, min(count, Int.max / 2))
    }

    private func combine(
        _ left: Int, _ sign: String, _ right: Int, _ position: TemplatePosition
    ) throws(InputError) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch sign {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        case "**":
            var power = (partialValue: 1, overflow: false)
            if abs(Double(left)) > 1 {
                for _ in 0..<min(right, 64) where !power.overflow {
                    power = power.partialValue.multipliedReportingOverflow(by: left)
                }
            } else {
                power.partialValue = right == 0 ? 1 : right % 2 == 0 ? left * left : left
            }
            result = power
        default:
            guard right != 0 else { throw position.error("division by zero") }
            let quotient = left.dividedReportingOverflow(by: right)
            let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            result =
                sign == "//"
                ? (quotient.partialValue - (isBelow ? 1 : 0), quotient.overflow)
                : (isBelow ? remainder + right : remainder, false)
        }
        guard !result.overflow else {
            throw position.error("a whole number beyond 64 bits")
        }
        return result.partialValue
    }

    private func combine(
        _ left: Double, _ sign: String, _ right: Double, _ position: TemplatePosition
    ) throws(InputError) -> Double {
        switch sign {
        case "+": return left + right
        case "-": return left - right
        case "*": return left * right
        case "**":
            if left == 0, right < 0 { throw position.error("0 to a negative power") }
            let power = pow(left, right)
            let isDefined = !power.isNaN || left.isNaN || right.isNaN
            guard isDefined, power.isFinite || !left.isFinite || !right.isFinite else {
                throw position.error("a power that is complex or too great")
            }
            return power
        default:
            guard right != 0 else { throw position.error("division by zero") }
            if sign == "/" { return left / right }
            if sign == "//" { return (left / right).rounded(.down) }
            let remainder = fmod(left, right)
            return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
        }
    }
}
