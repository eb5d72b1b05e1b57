// SPDX-License-Identifier: Apache-2.0
// Computes the expressions of a template.

import JSONText

extension TemplateRenderer {
    /// Computes an expression.
    ///
    /// - Parameter expression: The expression.
    /// - Returns: Its value.
    /// - Throws: An error with the expression's place.
    func evaluate(_ expression: TemplateExpression) throws(InputError) -> RuntimeValue {
        try spend(1, expression.position)
        let value = try nested(expression.position) {
            () throws(InputError) -> RuntimeValue in
            try self.value(of: expression)
        }
        guard value.depth <= RuntimeList.greatestDepth else {
            throw expression.position.error("lists nested too deep")
        }
        return value
    }

    // One function would be shorter. But its stack frame would hold the variables of all cases, and
    // each level of nesting needs a frame.
    private func value(of expression: TemplateExpression) throws(InputError) -> RuntimeValue {
        switch expression.kind {
        case .literal(let value): RuntimeValue(value)
        case .name(let name): lookUp(name)
        case .list(let elements): .list(of: try evaluate(elements))
        case .tuple(let elements): .tuple(of: try evaluate(elements))
        case .dictionary(let members): try dictionary(members)
        case .attribute, .item, .slice, .call, .filter, .test: try access(expression)
        case .arithmetic, .negative, .positive, .concatenation, .comparison:
            try operation(expression)
        default: try choice(expression)
        }
    }

    private func dictionary(
        _ members: [(key: TemplateExpression, value: TemplateExpression)]
    ) throws(InputError) -> RuntimeValue {
        var result = RuntimeDictionary([])
        for member in members {
            let key = try evaluate(member.key)
            guard key.isHashable else {
                throw member.key.position.error("unhashable type: '\(key.typeName)'")
            }
            try spend(result.count / 8, member.key.position)
            result = result.setting(key, to: try evaluate(member.value))
        }
        return .dictionary(result)
    }

    private func access(_ expression: TemplateExpression) throws(InputError) -> RuntimeValue {
        let position = expression.position
        switch expression.kind {
        case .attribute(let base, let name):
            return try attribute(name, of: try evaluate(base), position)
        case .item(let base, let index):
            return try item(try evaluate(index), of: try evaluate(base), position)
        case .slice(let base, let bounds):
            let value = try evaluate(base)
            var limits: [Int?] = []
            for bound in bounds { limits.append(try evaluateBound(bound)) }
            return try slice(value, limits, position)
        case .call(let callee, let arguments):
            return try call(try evaluate(callee), try evaluate(arguments, position), position)
        case .filter(let base, let filter): return try apply(filter, to: try evaluate(base))
        case .test(let base, let test): return .boolean(try apply(test, as: try evaluate(base)))
        default: return .none
        }
    }

    private func operation(
        _ expression: TemplateExpression
    ) throws(InputError) -> RuntimeValue {
        let position = expression.position
        switch expression.kind {
        case .negative(let operand): return try negate(try evaluate(operand), position)
        case .positive(let operand):
            let value = try evaluate(operand)
            if let integer = value.integer { return .integer(integer) }
            guard case .number = value else {
                throw position.error("bad operand type for unary +: '\(value.typeName)'")
            }
            return value
        case .arithmetic(let left, let operands):
            var value = try evaluate(left)
            for (sign, operand) in operands {
                value = try combine(value, sign, try evaluate(operand), position)
            }
            return value
        case .concatenation(let parts):
            var text = ""
            for part in parts {
                let piece = try self.text(of: try evaluate(part), position)
                try checkLength(
                    text.utf8.count + piece.utf8.count, work: piece.utf8.count, position)
                text += piece
            }
            return .string(text)
        case .comparison(let left, let operands):
            return .boolean(try compare(try evaluate(left), operands, position))
        default: return .none
        }
    }

    private func choice(_ expression: TemplateExpression) throws(InputError) -> RuntimeValue {
        switch expression.kind {
        case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .condition(let test, let then, let otherwise):
            if try evaluate(test).isTrue { return try evaluate(then) }
            guard let otherwise else {
                return .undefined("the inline if-expression has no else")
            }
            return try evaluate(otherwise)
        default: return .none
        }
    }

    private func evaluate(
        _ expressions: [TemplateExpression]
    ) throws(InputError) -> [RuntimeValue] {
        var values: [RuntimeValue] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func evaluateBound(
        _ bound: TemplateExpression?
    ) throws(InputError) -> Int? {
        guard let bound else { return nil }
        let value = try evaluate(bound)
        if case .none = value { return nil }
        guard let integer = value.integer else {
            throw bound.position.error("slice indices must be integers")
        }
        return integer
    }

    /// Computes the arguments of a call, a filter or a test.
    func evaluate(
        _ arguments: TemplateArguments, _ position: TemplatePosition
    ) throws(InputError) -> CallArguments {
        var result = CallArguments(positional: try evaluate(arguments.positional))
        if let list = arguments.list {
            let values = try elements(of: try evaluate(list), list.position)
            try spend(values.count, position)
            result.positional += values
        }
        for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
        if let mapping = arguments.mapping {
            guard case .dictionary(let members) = try evaluate(mapping) else {
                throw mapping.position.error("** takes a mapping")
            }
            for member in members {
                guard let name = member.key.string,
                    !result.named.contains(where: { $0.name == name })
                else { throw mapping.position.error("** takes texts as keys, each once") }
                result.named.append((name, member.value))
            }
        }
        return result
    }

    private func lookUp(_ name: String) -> RuntimeValue {
        if let value = scope[name] { return value }
        if Self.functions[name] != nil, name != "strftime_now" || date != nil {
            return .function(name)
        }
        return .undefined("'\(name)' is undefined")
    }
}
