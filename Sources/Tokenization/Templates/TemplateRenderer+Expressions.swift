// SPDX-License-Identifier: Apache-2.0
// Computes the expressions of a template.

/// The arguments of a call, computed.
struct CallArguments {
    var positional: [RuntimeValue] = []
    var named: [(name: String, value: RuntimeValue)] = []

    /// The argument at a place or with a name.
    func value(_ index: Int, _ name: String) -> RuntimeValue? {
        if index < positional.count { return positional[index] }
        return named.first { $0.name == name }?.value
    }
}

extension TemplateRenderer {
    /// Computes an expression.
    ///
    /// - Parameter expression: The expression.
    /// - Returns: Its value.
    /// - Throws: An error with the expression's place.
    func evaluate(_ expression: TemplateExpression) throws(TokenizationError) -> RuntimeValue {
        try spend(1, expression.position)
        let value = try nested(expression.position) {
            () throws(TokenizationError) -> RuntimeValue in
            try self.value(of: expression)
        }
        switch value {
        case .list, .tuple, .dictionary:
            guard value.depth <= RuntimeList.greatestDepth else {
                throw expression.position.error(
                    "a namespace or a loop in a list, or lists nested too deep")
            }
        default: break
        }
        return value
    }

    private func value(of expression: TemplateExpression) throws(TokenizationError) -> RuntimeValue
    {
        let position = expression.position
        switch expression.kind {
        case .literal(let value): return RuntimeValue(value)
        case .name(let name): return lookUp(name)
        case .list(let elements): return .list(of: try evaluate(elements))
        case .tuple(let elements): return .tuple(of: try evaluate(elements))
        case .dictionary(let members):
            var result = RuntimeDictionary([])
            for member in members {
                let key = try evaluate(member.key)
                guard key.isKey else {
                    throw member.key.position.error("unhashable type: '\(key.typeName)'")
                }
                try spend(result.count / 8, position)
                result = result.setting(key, to: try evaluate(member.value))
            }
            return .dictionary(result)
        case .attribute(let base, let name):
            return try attribute(name, of: try evaluate(base), position)
        case .item(let base, let index):
            return try item(try evaluate(index), of: try evaluate(base), position)
        case .slice(let base, let bounds):
            let base = try evaluate(base)
            var limits: [Int?] = []
            for bound in bounds { limits.append(try evaluateBound(bound)) }
            return try slice(base, limits, position)
        case .call(let callee, let arguments):
            return try call(try evaluate(callee), try evaluate(arguments), position)
        case .filter(let base, let filter): return try apply(filter, to: try evaluate(base))
        case .test(let base, let test): return .boolean(try apply(test, as: try evaluate(base)))
        case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
        case .negative(let operand): return try negate(try evaluate(operand), position)
        case .positive(let operand):
            let value = try evaluate(operand)
            guard value.number != nil else {
                throw position.error("bad operand type for unary +: '\(value.typeName)'")
            }
            return value
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
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
                try checkLength(text.utf8.count + piece.utf8.count, position)
                text += piece
            }
            return .string(text)
        case .comparison(let left, let operands):
            return .boolean(try compare(try evaluate(left), operands, position))
        case .condition(let test, let then, let otherwise):
            if try evaluate(test).isTrue { return try evaluate(then) }
            guard let otherwise else {
                return .undefined("the inline if-expression has no else")
            }
            return try evaluate(otherwise)
        }
    }

    private func evaluate(
        _ expressions: [TemplateExpression]
    ) throws(TokenizationError) -> [RuntimeValue] {
        var values: [RuntimeValue] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func evaluateBound(
        _ bound: TemplateExpression?
    ) throws(TokenizationError) -> Int? {
        guard let bound else { return nil }
        let value = try evaluate(bound)
        if case .none = value { return nil }
        guard let integer = value.integer else {
            throw bound.position.error("slice indices must be integers")
        }
        return integer
    }

    /// Computes the arguments of a call, a filter or a test.
    func evaluate(_ arguments: TemplateArguments) throws(TokenizationError) -> CallArguments {
        var result = CallArguments(positional: try evaluate(arguments.positional))
        for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
        return result
    }

    private func lookUp(_ name: String) -> RuntimeValue {
        if let value = variable(name) { return value }
        switch name {
        case "range", "namespace", "dict", "raise_exception": return .function(name)
        case "strftime_now" where date != nil: return .function(name)
        default: return .undefined("'\(name)' is undefined")
        }
    }

    // MARK: - Attributes and items

    /// `value.name`: an attribute or method, and otherwise a mapping's value for the name.
    func attribute(
        _ name: String, of value: RuntimeValue, _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        if Self.methodNames(of: value).contains(name) { return .method(value, name) }
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .dictionary(let members):
            if let value = members[.string(name)] { return value }
        case .namespace(let namespace):
            if let member = namespace.members.first(where: { $0.key == name }) {
                return member.value
            }
        case .loop(let loop):
            if let value = try attribute(name, of: loop) { return value }
        default: break
        }
        return .undefined("'\(value.typeName) object' has no attribute '\(name)'")
    }

    private func attribute(
        _ name: String, of loop: RuntimeValue.Loop
    ) throws(TokenizationError) -> RuntimeValue? {
        let (index, count) = (loop.index, loop.elements.count)
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "first": return .boolean(index == 0)
        case "last": return .boolean(index == count - 1)
        case "length": return .integer(count)
        // Only recursive loops, which there are none of, have other depths.
        case "depth": return .integer(1)
        case "depth0": return .integer(0)
        case "previtem":
            return index > 0 ? loop.elements[index - 1] : .undefined("there is no previous item")
        case "nextitem":
            return index + 1 < count
                ? loop.elements[index + 1] : .undefined("there is no next item")
        default: return nil
        }
    }

    /// `value[index]`: an item, and otherwise the attribute of that name.
    func item(
        _ index: RuntimeValue, of value: RuntimeValue, _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .dictionary(let members):
            try spend(members.count / 8 + index.weight, position)
            if index.isKey, let value = members[index] { return value }
        case .list(let values), .tuple(let values):
            if let place = index.integer {
                let offset = place < 0 ? place + values.count : place
                if values.indices.contains(offset) { return values[offset] }
            }
        case .string(let text):
            if let place = index.integer {
                try spend(text.utf8.count / 32, position)
                let scalars = text.unicodeScalars
                let offset = place < 0 ? place + scalars.count : place
                if offset >= 0,
                    let start = scalars.index(
                        scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex),
                    start < scalars.endIndex
                {
                    return .string(String(Character(scalars[start])))
                }
            }
        default: break
        }
        if case .string(let name) = index { return try attribute(name, of: value, position) }
        return .undefined("\(value.typeName) object has no element \(index.representation)")
    }

    private func slice(
        _ value: RuntimeValue, _ bounds: [Int?], _ position: TemplatePosition
    ) throws(TokenizationError) -> RuntimeValue {
        try spend(value.weight, position)
        let step = bounds.count > 2 ? bounds[2] ?? 1 : 1
        guard step != 0 else { throw position.error("slice step cannot be zero") }
        func picked<Element>(_ elements: [Element]) -> [Element] {
            Self.indices(elements.count, bounds[0], bounds[1], step).map { elements[$0] }
        }
        switch value {
        case .undefined(let reason): throw position.error(reason)
        case .list(let values): return .list(of: picked(values.elements))
        case .tuple(let values): return .tuple(of: picked(values.elements))
        case .string(let text):
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: picked(Array(text.unicodeScalars)))
            return .string(String(scalars))
        default: return .undefined("'\(value.typeName)' object cannot be sliced")
        }
    }

    /// The indices of Python's `[start:stop:step]`, where the step is not 0.
    private static func indices(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
        let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
        func bound(_ value: Int?, _ fallback: Int) -> Int {
            guard let value else { return fallback }
            // A bound far outside must not overflow.
            let near = min(max(value, -count - 1), count + 1)
            return min(max(near < 0 ? near + count : near, lowest), highest)
        }
        let first = bound(start, step > 0 ? lowest : highest)
        let last = bound(stop, step > 0 ? highest : lowest)
        let stride = step > 0 ? min(step, count + 1) : max(step, -count - 1)
        return Array(Swift.stride(from: first, to: last, by: stride))
    }
}
