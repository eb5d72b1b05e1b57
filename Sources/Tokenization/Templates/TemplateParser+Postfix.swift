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
        let start = position
        var items: [TemplateExpression] = []
        while !skip(symbol: "]") {
            if !items.isEmpty { try expect(symbol: ",") }
            let bounds = try bounds()
            if bounds.count > 1 {
                // Jinja also allows a slice among several items, but no value has such an item.
                try expect(symbol: "]")
                guard items.isEmpty else { throw start.error("a slice among other items") }
                return .slice(value, bounds)
            }
            if let item = bounds[0] { items.append(item) }
        }
        if items.count == 1 { return .item(value, items[0]) }
        return .item(value, TemplateExpression(kind: .tuple(items), position: start))
    }

    /// Parses an item, or the two or three parts of a slice.
    private mutating func bounds() throws(InputError) -> [TemplateExpression?] {
        var bounds: [TemplateExpression?] = []
        while true {
            switch kind {
            case .symbol(":"), .symbol("]"), .symbol(","): bounds.append(nil)
            default: bounds.append(try expression())
            }
            guard bounds.count < 3, skip(symbol: ":") else { return bounds }
        }
    }

    private mutating func arguments() throws(InputError) -> TemplateArguments {
        let opening = position
        try expect(symbol: "(")
        var arguments = TemplateArguments()
        var isFirst = true
        func require(_ isInOrder: Bool) throws(InputError) {
            guard isInOrder else { throw opening.error("arguments in a wrong order") }
        }
        while !skip(symbol: ")") {
            if !isFirst { try expect(symbol: ",") }
            isFirst = false
            if skip(symbol: ")") { break }
            let start = position
            if skip(symbol: "*") {
                try require(arguments.list == nil && arguments.mapping == nil)
                arguments.list = try expression()
            } else if skip(symbol: "**") {
                try require(arguments.mapping == nil)
                arguments.mapping = try expression()
            } else if case .name(let name) = kind, isNext(.symbol("=")) {
                try require(arguments.mapping == nil)
                guard !arguments.named.contains(where: { $0.name == name }) else {
                    throw start.error("the argument \(name) is given twice")
                }
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                try require(
                    arguments.named.isEmpty && arguments.list == nil && arguments.mapping == nil)
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

    /// Parses filters one after another.
    mutating func filterCalls(
        startingWithName: Bool
    ) throws(InputError) -> [TemplateCall] {
        var filters = startingWithName ? [try filterCall()] : []
        while skip(symbol: "|") { filters.append(try filterCall()) }
        return filters
    }

    /// Parses a filter's name and arguments.
    private mutating func filterCall() throws(InputError) -> TemplateCall {
        let start = position
        let name = try dottedName()
        note(name, in: TemplateRenderer.filters.keys, "filter", start)
        let arguments = kind == .symbol("(") ? try arguments() : TemplateArguments()
        return TemplateCall(name: name, arguments: arguments, position: start)
    }

    private mutating func dottedName() throws(InputError) -> String {
        var name = try name()
        while skip(symbol: ".") { name += "." + (try self.name()) }
        return name
    }

    /// Notes an unknown filter or test, which is an error unless it stands in a branch.
    private mutating func note(
        _ name: String, in known: some Collection<String>, _ what: String,
        _ position: TemplatePosition
    ) {
        guard !isInBranch, !known.contains(name) else { return }
        unknownCalls.append(TemplateRenderer.unknown(what, name, known, position))
    }

    private mutating func test(
        _ value: TemplateExpression, from start: TemplatePosition
    ) throws(InputError) -> TemplateExpression {
        let isNegated = skip(.name("not"))
        let place = position
        let name = try dottedName()
        note(name, in: TemplateRenderer.tests.keys, "test", place)
        var arguments = TemplateArguments()
        switch kind {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw position.error("a test after a test", "join them with and")
        case .name, .string, .integer, .number, .symbol("["), .symbol("{"):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let call = TemplateCall(name: name, arguments: arguments, position: place)
        let test = TemplateExpression(kind: .test(value, call), position: start)
        return isNegated ? TemplateExpression(kind: .not(test), position: start) : test
    }
}
