// SPDX-License-Identifier: Apache-2.0
// Parses the parts after a value: attributes, items, calls, filters and tests.

import JSONText

extension TemplateParser {
    /// Parses attributes, items and calls after a value.
    mutating func postfix(
        _ value: TemplateExpression
    ) throws(InputError) -> TemplateExpression {
        var value = value
        var length = 0
        while true {
            let start = position
            if skip(symbol: ".") {
                if case .integer(let index) = kind {
                    advance()
                    let item = TemplateExpression(kind: .literal(.integer(index)), position: start)
                    value = TemplateExpression(kind: .item(value, item), position: start)
                } else {
                    value = TemplateExpression(
                        kind: .attribute(value, try name()), position: start)
                }
            } else if skip(symbol: "[") {
                value = TemplateExpression(kind: try subscripting(value), position: start)
            } else if kind == .symbol("(") {
                value = TemplateExpression(kind: .call(value, try arguments()), position: start)
            } else {
                return value
            }
            length += 1
            if length > 64 { throw start.error("more than 64 accesses in a row") }
        }
    }

    private mutating func subscripting(
        _ value: TemplateExpression
    ) throws(InputError) -> TemplateExpression.Kind {
        var bounds: [TemplateExpression?] = []
        var bound: TemplateExpression?
        while !skip(symbol: "]") {
            if skip(symbol: ":") {
                bounds.append(bound)
                bound = nil
                guard bounds.count <= 2 else {
                    throw position.error("a slice has at most three parts")
                }
            } else {
                guard bound == nil else { throw position.error("] expected") }
                bound = try expression()
            }
        }
        if bounds.isEmpty {
            guard let bound else { throw position.error("an index expected") }
            return .item(value, bound)
        }
        bounds.append(bound)
        return .slice(value, bounds)
    }

    private mutating func arguments() throws(InputError) -> TemplateArguments {
        try expect(symbol: "(")
        var arguments = TemplateArguments()
        var isFirst = true
        while !skip(symbol: ")") {
            if !isFirst { try expect(symbol: ",") }
            isFirst = false
            if skip(symbol: ")") { break }
            if kind == .symbol("*") || kind == .symbol("**") {
                throw position.error("unpacked arguments are not supported", "write them out")
            }
            if case .name(let name) = kind, isNext(.symbol("=")) {
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else {
                    throw position.error("an argument without a name after one with a name")
                }
                arguments.positional.append(try expression())
            }
        }
        return arguments
    }

    /// Parses filters and tests after a value.
    mutating func filters(
        _ value: TemplateExpression
    ) throws(InputError) -> TemplateExpression {
        var value = value
        var length = 0
        while true {
            let start = position
            if skip(symbol: "|") {
                value = TemplateExpression(
                    kind: .filter(value, try filterCall()), position: start)
            } else if skip(.name("is")) {
                value = try test(value, from: start)
            } else if kind == .symbol("(") {
                value = TemplateExpression(kind: .call(value, try arguments()), position: start)
            } else {
                return value
            }
            length += 1
            if length > 64 { throw start.error("more than 64 filters in a row") }
        }
    }

    /// Parses a filter's name and arguments. The filter must be known.
    mutating func filterCall() throws(InputError) -> TemplateCall {
        let start = position
        let name = try name()
        guard TemplateRenderer.filterNames.contains(name) else {
            let known = TemplateRenderer.filterNames.sorted().joined(separator: ", ")
            throw start.error("the filter \(name) is not supported", "supported: \(known)")
        }
        let arguments = kind == .symbol("(") ? try arguments() : TemplateArguments()
        return TemplateCall(name: name, arguments: arguments, position: start)
    }

    private mutating func test(
        _ value: TemplateExpression, from start: TemplatePosition
    ) throws(InputError) -> TemplateExpression {
        let isNegated = skip(.name("not"))
        let place = position
        let name = try name()
        guard TemplateRenderer.testNames.contains(name) else {
            let known = TemplateRenderer.testNames.sorted().joined(separator: ", ")
            throw place.error("the test \(name) is not supported", "supported: \(known)")
        }
        var arguments = TemplateArguments()
        switch kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"), .name("if"), .name("is"): break
        case .name, .string, .integer, .number, .symbol("["), .symbol("{"):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let call = TemplateCall(name: name, arguments: arguments, position: place)
        let test = TemplateExpression(kind: .test(value, call), position: start)
        return isNegated ? TemplateExpression(kind: .not(test), position: start) : test
    }
}
