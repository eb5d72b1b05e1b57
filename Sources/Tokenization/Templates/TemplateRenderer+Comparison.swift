// SPDX-License-Identifier: Apache-2.0
// Comparison and membership with Python's behaviour.

import JSONText

extension TemplateRenderer {
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
        if let text = container.string {
            guard let part = value.string else {
                throw position.error(
                    "'in <string>' requires string as left operand, not \(value.typeName)")
            }
            try spend(PythonText.work(text, part), position)
            return PythonText.firstIndex(of: Array(part.utf8), in: Array(text.utf8)) != nil
        }
        if case .dictionary = container, !value.isHashable {
            throw position.error("unhashable type: '\(value.typeName)'")
        }
        if case .iterator(let iterator) = container {
            while let element = try nested(position, iterator.advance) {
                try spend(1 + min(element.weight, value.weight), position)
                if element.equals(value) { return true }
            }
            return false
        }
        let elements = try elements(of: container, position)
        try spend(elements.count + container.weight, position)
        return elements.contains { $0.equals(value) }
    }
}
