// SPDX-License-Identifier: Apache-2.0
// Parses the expressions of a template, with Jinja's precedence.

import JSONText

extension TemplateParser {
    /// Parses one expression, or several with commas between them, which make a tuple.
    mutating func tuple(
        allowingCondition: Bool = true
    ) throws(InputError) -> TemplateExpression {
        let start = position
        let first = allowingCondition ? try expression() : try disjunction()
        guard kind == .symbol(",") else { return first }
        var elements = [first]
        while skip(symbol: ",") {
            switch kind {
            case .blockEnd, .variableEnd, .symbol(")"): break
            default: elements.append(allowingCondition ? try expression() : try disjunction())
            }
        }
        return TemplateExpression(kind: .tuple(elements), position: start)
    }

    /// Parses one expression.
    mutating func expression() throws(InputError) -> TemplateExpression {
        try nested { parser throws(InputError) in
            let unknownCount = parser.unknownCalls.count
            var value = try parser.disjunction()
            while parser.kind == .name("if") {
                let start = parser.position
                parser.advance()
                let test = try parser.disjunction()
                let otherwise = parser.skip(.name("else")) ? try parser.expression() : nil
                value = TemplateExpression(
                    kind: .condition(test: test, then: value, otherwise: otherwise),
                    position: start)
                parser.unknownCalls.removeLast(parser.unknownCalls.count - unknownCount)
            }
            return value
        }
    }

    private mutating func disjunction() throws(InputError) -> TemplateExpression {
        var left = try conjunction()
        while kind == .name("or") {
            let start = position
            advance()
            let right = try operand(skippedAfter: true, left) { parser throws(InputError) in
                try parser.conjunction()
            }
            left = TemplateExpression(kind: .or(left, right), position: start)
        }
        return left
    }

    private mutating func conjunction() throws(InputError) -> TemplateExpression {
        var left = try negation()
        while kind == .name("and") {
            let start = position
            advance()
            let right = try operand(skippedAfter: false, left) { parser throws(InputError) in
                try parser.negation()
            }
            left = TemplateExpression(kind: .and(left, right), position: start)
        }
        return left
    }

    /// Parses the right operand of `and` or `or`. Behind a literal that decides, Jinja never looks
    /// for its filters.
    private mutating func operand(
        skippedAfter decision: Bool, _ left: TemplateExpression,
        _ parse: (inout TemplateParser) throws(InputError) -> TemplateExpression
    ) throws(InputError) -> TemplateExpression {
        let unknownCount = unknownCalls.count
        let right = try parse(&self)
        if case .literal(let value) = left.kind, RuntimeValue(value).isTrue == decision {
            unknownCalls.removeLast(unknownCalls.count - unknownCount)
        }
        return right
    }

    private mutating func negation() throws(InputError) -> TemplateExpression {
        let start = position
        guard skip(.name("not")) else { return try comparison() }
        let operand = try nested { parser throws(InputError) in try parser.negation() }
        return TemplateExpression(kind: .not(operand), position: start)
    }

    private mutating func comparison() throws(InputError) -> TemplateExpression {
        let start = position
        let left = try sum()
        var operands: [(sign: String, operand: TemplateExpression)] = []
        while true {
            if case .symbol(let sign) = kind, ["==", "!=", "<", "<=", ">", ">="].contains(sign) {
                advance()
                operands.append((sign, try sum()))
            } else if skip(.name("in")) {
                operands.append(("in", try sum()))
            } else if kind == .name("not"), isNext(.name("in")) {
                advance()
                advance()
                operands.append(("not in", try sum()))
            } else {
                break
            }
        }
        guard !operands.isEmpty else { return left }
        return TemplateExpression(kind: .comparison(left, operands), position: start)
    }

    /// Parses operands separated by one of `signs`. They are applied from the left.
    private mutating func chain(
        _ signs: Set<String>,
        _ operand: (inout TemplateParser) throws(InputError) -> TemplateExpression
    ) throws(InputError) -> TemplateExpression {
        let start = position
        let left = try operand(&self)
        var operands: [(sign: String, operand: TemplateExpression)] = []
        while case .symbol(let sign) = kind, signs.contains(sign) {
            advance()
            operands.append((sign, try operand(&self)))
        }
        guard !operands.isEmpty else { return left }
        return TemplateExpression(kind: .arithmetic(left, operands), position: start)
    }

    private mutating func sum() throws(InputError) -> TemplateExpression {
        try chain(["+", "-"]) { parser throws(InputError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(InputError) -> TemplateExpression {
        let start = position
        var parts = [try product()]
        while skip(symbol: "~") { parts.append(try product()) }
        guard parts.count > 1 else { return parts[0] }
        return TemplateExpression(kind: .concatenation(parts), position: start)
    }

    private mutating func product() throws(InputError) -> TemplateExpression {
        try chain(["*", "/", "//", "%"]) { parser throws(InputError) in
            try parser.chain(["**"]) { parser throws(InputError) in
                try parser.unary(allowingFilters: true)
            }
        }
    }

    private mutating func unary(
        allowingFilters: Bool
    ) throws(InputError) -> TemplateExpression {
        let start = position
        var value: TemplateExpression
        if kind == .symbol("-") || kind == .symbol("+") {
            let isNegative = kind == .symbol("-")
            advance()
            let operand = try nested { parser throws(InputError) in
                try parser.unary(allowingFilters: false)
            }
            value = TemplateExpression(
                kind: isNegative ? .negative(operand) : .positive(operand), position: start)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return allowingFilters ? try filters(value) : value
    }

    /// Parses a literal, a name, or an expression in brackets.
    mutating func primary() throws(InputError) -> TemplateExpression {
        let start = position
        func literal(_ value: TemplateValue) -> TemplateExpression {
            TemplateExpression(kind: .literal(value), position: start)
        }
        switch kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return literal(.boolean(true))
            case "false", "False": return literal(.boolean(false))
            case "none", "None": return literal(.none)
            default:
                namesRead.insert(name)
                return TemplateExpression(kind: .name(name), position: start)
            }
        case .string(var text):
            advance()
            while case .string(let more) = kind {
                text += more
                advance()
            }
            return literal(.string(text))
        case .integer(let value):
            advance()
            return literal(.integer(value))
        case .number(let value):
            advance()
            return literal(.number(value))
        case .symbol("("):
            advance()
            if skip(symbol: ")") { return TemplateExpression(kind: .tuple([]), position: start) }
            let value = try tuple()
            try expect(symbol: ")")
            return value
        case .symbol("["):
            advance()
            var elements: [TemplateExpression] = []
            while !skip(symbol: "]") {
                if !elements.isEmpty { try expect(symbol: ",") }
                if skip(symbol: "]") { break }
                elements.append(try expression())
            }
            return TemplateExpression(kind: .list(elements), position: start)
        case .symbol("{"):
            advance()
            return TemplateExpression(kind: .dictionary(try members()), position: start)
        default:
            throw start.error("an expression expected, found \(kind.description)")
        }
    }

    private mutating func members() throws(InputError) -> [(
        key: TemplateExpression, value: TemplateExpression
    )] {
        var members: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !skip(symbol: "}") {
            if !members.isEmpty { try expect(symbol: ",") }
            if skip(symbol: "}") { break }
            let key = try expression()
            try expect(symbol: ":")
            members.append((key, try expression()))
        }
        return members
    }
}
