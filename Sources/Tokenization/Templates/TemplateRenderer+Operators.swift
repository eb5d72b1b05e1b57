// SPDX-License-Identifier: Apache-2.0
// Arithmetic and comparison with Python's behaviour.

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
        for case .undefined(let reason) in [left, right] { throw position.error(reason) }
        switch (sign, left, right) {
        case ("+", .string(let first), .string(let second)):
            try checkLength(first.utf8.count + second.utf8.count, position)
            return .string(first + second)
        case ("+", .list(let first), .list(let second)):
            try spend(first.count + second.count, position)
            return .list(of: first.elements + second.elements)
        case ("+", .tuple(let first), .tuple(let second)):
            try spend(first.count + second.count, position)
            return .tuple(of: first.elements + second.elements)
        case ("*", .string(let text), let other), ("*", let other, .string(let text)):
            if let count = other.integer {
                try checkLength(product(text.utf8.count, count), position)
                return .string(String(repeating: text, count: max(count, 0)))
            }
        case ("*", .list(let values), let other), ("*", let other, .list(let values)):
            if let count = other.integer {
                try spend(product(values.count, count), position)
                return .list(of: (0..<max(count, 0)).flatMap { _ in values.elements })
            }
        default: break
        }
        if sign != "/", let first = left.integer, let second = right.integer {
            if sign == "**", second < 0 { return .number(pow(Double(first), Double(second))) }
            return .integer(try combine(first, sign, second, position))
        }
        guard let first = left.number, let second = right.number else {
            throw position.error(
                "unsupported operands for \(sign): '\(left.typeName)' and '\(right.typeName)'")
        }
        return .number(try combine(first, sign, second, position))
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
        case "**": return pow(left, right)
        default:
            guard right != 0 else { throw position.error("division by zero") }
            if sign == "/" { return left / right }
            if sign == "//" { return (left / right).rounded(.down) }
            let remainder = fmod(left, right)
            return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
        }
    }

    // MARK: - Comparison

    /// Returns the result of a chain of comparisons, which stops at the first that is false.
    func compare(
        _ first: RuntimeValue, _ operands: [(sign: String, operand: TemplateExpression)],
        _ position: TemplatePosition
    ) throws(InputError) -> Bool {
        var left = first
        for (sign, operand) in operands {
            let right = try evaluate(operand)
            guard try compare(left, sign, right, position) else { return false }
            left = right
        }
        return true
    }

    /// `left sign right` for `== != < <= > >= in` and `not in`
    func compare(
        _ left: RuntimeValue, _ sign: String, _ right: RuntimeValue,
        _ position: TemplatePosition
    ) throws(InputError) -> Bool {
        switch sign {
        case "==", "!=":
            try spend(min(left.weight, right.weight), position)
            return left.equals(right) == (sign == "==")
        case "in": return try isMember(left, of: right, position)
        case "not in": return !(try isMember(left, of: right, position))
        default: break
        }
        try spend(min(left.weight, right.weight), position)
        for case .undefined(let reason) in [left, right] { throw position.error(reason) }
        let isSwapped = sign == ">" || sign == "<="
        let (first, second) = isSwapped ? (right, left) : (left, right)
        guard let isLess = first.isLess(than: second) else {
            throw position.error(
                "'\(sign)' not supported between '\(left.typeName)' and '\(right.typeName)'")
        }
        return isLess == (sign == "<" || sign == ">")
    }

    private func isMember(
        _ value: RuntimeValue, of container: RuntimeValue, _ position: TemplatePosition
    ) throws(InputError) -> Bool {
        if case .string(let text) = container {
            guard case .string(let part) = value else {
                throw position.error(
                    "'in <string>' requires string as left operand, not \(value.typeName)")
            }
            try spend(PythonText.work(text, part), position)
            return PythonText.firstIndex(of: Array(part.utf8), in: Array(text.utf8)) != nil
        }
        let elements = try elements(of: container, position)
        try spend(elements.count + container.weight, position)
        return elements.contains { $0.equals(value) }
    }
}
