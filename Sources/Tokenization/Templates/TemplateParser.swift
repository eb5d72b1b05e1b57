// SPDX-License-Identifier: Apache-2.0
// Parses the statements of a template.

import JSONText

/// A recursive-descent parser over a template's tokens.
struct TemplateParser {
    /// The greatest nesting, so that no template exhausts the stack.
    private static let greatestDepth = 64
    private static let statements =
        "if, for, set, macro, break, continue, generation, raw and comments"

    private let tokens: [TemplateToken]
    private var index = 0
    private var depth = 0
    private var loopDepth = 0

    private init(_ tokens: [TemplateToken]) { self.tokens = tokens }

    /// Parses a template.
    ///
    /// - Parameter source: The template.
    /// - Returns: Its statements.
    /// - Throws: An error with line and column when something is wrong or not supported.
    static func statements(of source: String) throws(InputError) -> [TemplateStatement] {
        var parser = TemplateParser(try TemplateLexer.tokens(of: source))
        let (body, end) = try parser.body(until: [])
        guard end == nil else { throw parser.position.error("an unexpected tag") }
        return body
    }

    // MARK: - Tokens

    var kind: TemplateToken.Kind { tokens[index].kind }
    var position: TemplatePosition { tokens[index].position }

    func isNext(_ kind: TemplateToken.Kind) -> Bool {
        index + 1 < tokens.count && tokens[index + 1].kind == kind
    }

    mutating func advance() {
        if index + 1 < tokens.count { index += 1 }
    }

    mutating func skip(_ expected: TemplateToken.Kind) -> Bool {
        guard kind == expected else { return false }
        advance()
        return true
    }

    mutating func skip(symbol: String) -> Bool { skip(.symbol(symbol)) }

    mutating func expect(_ expected: TemplateToken.Kind) throws(InputError) {
        guard skip(expected) else {
            throw position.error(
                "\(expected.description) expected, found \(kind.description)")
        }
    }

    mutating func expect(symbol: String) throws(InputError) { try expect(.symbol(symbol)) }

    mutating func name() throws(InputError) -> String {
        guard case .name(let name) = kind else {
            throw position.error("a name expected, found \(kind.description)")
        }
        advance()
        return name
    }

    /// Runs `parse` one level deeper.
    mutating func nested<Result>(
        _ parse: (inout TemplateParser) throws(InputError) -> Result
    ) throws(InputError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.greatestDepth else {
            throw position.error("nested deeper than \(Self.greatestDepth) levels")
        }
        return try parse(&self)
    }

    // MARK: - Statements

    /// Parses statements up to a tag that starts with one of `ends`, and reads its name.
    private mutating func body(
        until ends: Set<String>
    ) throws(InputError) -> (body: [TemplateStatement], end: String?) {
        var body: [TemplateStatement] = []
        while true {
            let start = position
            switch kind {
            case .end:
                guard ends.isEmpty else {
                    let missing = ends.sorted().joined(separator: " or ")
                    throw start.error("the template ends where \(missing) is missing")
                }
                return (body, nil)
            case .text(let text):
                advance()
                body.append(TemplateStatement(kind: .text(text), position: start))
            case .variableStart:
                advance()
                let value = try tuple()
                try expect(.variableEnd)
                body.append(TemplateStatement(kind: .output(value), position: start))
            case .blockStart:
                advance()
                if case .name(let name) = kind, ends.contains(name) {
                    advance()
                    return (body, name)
                }
                let statement = try nested { parser throws(InputError) in
                    try parser.statement()
                }
                body.append(TemplateStatement(kind: statement, position: start))
            default:
                throw start.error("unexpected \(kind.description)")
            }
        }
    }

    private mutating func endBlock() throws(InputError) { try expect(.blockEnd) }

    private mutating func statement() throws(InputError) -> TemplateStatement.Kind {
        let start = position
        switch try name() {
        case "if": return try condition()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro": return try macro()
        case "generation":
            try endBlock()
            let (body, _) = try body(until: ["endgeneration"])
            try endBlock()
            return .group(body)
        case "break", "continue":
            guard loopDepth > 0 else { throw start.error("break or continue outside of a loop") }
            let statement: TemplateStatement.Kind = isNamed("break", start) ? .leave : .skip
            try endBlock()
            return statement
        case let other:
            throw start.error(
                "the tag \(other) is not supported", "supported: \(Self.statements)")
        }
    }

    /// Returns whether the name just read at `start` is `text`.
    private func isNamed(_ text: String, _ start: TemplatePosition) -> Bool {
        tokens[index - 1].position == start && tokens[index - 1].kind == .name(text)
    }

    private mutating func condition() throws(InputError) -> TemplateStatement.Kind {
        var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
        var otherwise: [TemplateStatement] = []
        var tag: String? = "if"
        while tag == "if" || tag == "elif" {
            let test = try tuple(allowingCondition: false)
            try endBlock()
            let (body, end) = try body(until: ["elif", "else", "endif"])
            branches.append((test, body))
            tag = end
        }
        if tag == "else" {
            try endBlock()
            (otherwise, _) = try body(until: ["endif"])
        }
        try endBlock()
        return .condition(branches, otherwise: otherwise)
    }

    private mutating func loop() throws(InputError) -> TemplateStatement.Kind {
        let target = try target(allowingAttributes: false)
        try expect(.name("in"))
        let sequence = try tuple(allowingCondition: false)
        let filter = skip(.name("if")) ? try expression() : nil
        if case .name("recursive") = kind {
            throw position.error("recursive loops are not supported", "use a macro")
        }
        try endBlock()
        loopDepth += 1
        let (body, end) = try body(until: ["else", "endfor"])
        loopDepth -= 1
        var otherwise: [TemplateStatement] = []
        if end == "else" {
            try endBlock()
            (otherwise, _) = try self.body(until: ["endfor"])
        }
        try endBlock()
        return .loop(
            TemplateLoop(
                target: target, sequence: sequence, filter: filter, body: body,
                otherwise: otherwise))
    }

    private mutating func assignment() throws(InputError) -> TemplateStatement.Kind {
        let target = try target(allowingAttributes: true)
        if skip(symbol: "=") {
            let value = try tuple()
            try endBlock()
            return .assignment(target, value)
        }
        var filters: [TemplateCall] = []
        while skip(symbol: "|") { filters.append(try filterCall()) }
        try endBlock()
        let (body, _) = try body(until: ["endset"])
        try endBlock()
        return .capture(target, filters, body)
    }

    private mutating func target(
        allowingAttributes: Bool
    ) throws(InputError) -> TemplateTarget {
        var targets: [TemplateTarget] = []
        var isTuple = false
        repeat {
            if case .name("in") = kind, !targets.isEmpty { break }
            if skip(symbol: "(") {
                targets.append(
                    try nested { parser throws(InputError) in
                        try parser.target(allowingAttributes: false)
                    })
                try expect(symbol: ")")
            } else {
                let name = try name()
                if allowingAttributes, skip(symbol: ".") {
                    targets.append(.attribute(name, try self.name()))
                } else {
                    targets.append(.name(name))
                }
            }
            isTuple = isTuple || kind == .symbol(",")
        } while skip(symbol: ",")
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func macro() throws(InputError) -> TemplateStatement.Kind {
        let name = try name()
        try expect(symbol: "(")
        var parameters: [(name: String, fallback: TemplateExpression?)] = []
        while !skip(symbol: ")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let start = position
            let parameter = try self.name()
            let fallback = skip(symbol: "=") ? try expression() : nil
            if fallback == nil, parameters.last?.fallback != nil {
                throw start.error("a parameter without default after one with a default")
            }
            parameters.append((parameter, fallback))
        }
        try endBlock()
        let outerLoops = loopDepth
        loopDepth = 0
        let (body, _) = try body(until: ["endmacro"])
        loopDepth = outerLoops
        try endBlock()
        return .macro(TemplateMacro(name: name, parameters: parameters, body: body))
    }
}
