// SPDX-License-Identifier: Apache-2.0
// Parses the statements of a template.

import JSONText

extension TemplateParser {
    private static let statements = [
        "if", "for", "set", "macro", "call", "filter", "with", "generation", "block", "break",
        "continue", "print", "raw",
    ]

    /// Parses statements up to a tag that starts with one of `ends`, and reads its name.
    mutating func body(
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
                body.append(TemplateStatement(kind: .output([value]), position: start))
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

    /// Ends a tag, parses what follows up to one of `ends`, and reads the name of that tag.
    private mutating func block(
        until ends: Set<String>
    ) throws(InputError) -> (body: [TemplateStatement], end: String?) {
        _ = skip(symbol: ":")
        try expect(.blockEnd)
        return try body(until: ends)
    }

    /// Parses the body of a tag that has its own variables, up to the end of its closing tag, which
    /// may repeat the tag's name.
    mutating func scopedBody(
        until end: String, called name: String? = nil
    ) throws(InputError) -> [TemplateStatement] {
        let wasInBranch = isInBranch
        isInBranch = false
        defer { isInBranch = wasInBranch }
        let (body, _) = try block(until: [end])
        if let name { _ = skip(.name(name)) }
        try expect(.blockEnd)
        return body
    }

    /// Parses the body of a tag that no `break` leaves.
    mutating func jumpless(
        until end: String, called name: String? = nil
    ) throws(InputError) -> [TemplateStatement] {
        let outerLoops = loopDepth
        loopDepth = 0
        defer { loopDepth = outerLoops }
        return try scopedBody(until: end, called: name)
    }

    private mutating func statement() throws(InputError) -> TemplateStatement.Kind {
        let start = position
        switch try name() {
        case "if": return try condition()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro":
            let name = try name()
            return .macro(try macro(name, until: "endmacro"))
        case "call": return try call()
        case "filter":
            let filters = try outsideBranch { parser throws(InputError) in
                try parser.filterCalls(startingWithName: true)
            }
            return .filtered(filters, try scopedBody(until: "endfilter"))
        case "with": return try with()
        case "generation": return .scope([], try jumpless(until: "endgeneration"))
        case "block": return try part()
        case "break":
            try endJump(start)
            return .leave
        case "continue":
            try endJump(start)
            return .skip
        case "print":
            var values: [TemplateExpression] = []
            while kind != .blockEnd {
                if !values.isEmpty { try expect(symbol: ",") }
                values.append(try expression())
            }
            try expect(.blockEnd)
            return .output(values)
        case let name where ["include", "import", "from", "extends"].contains(name):
            while kind != .blockEnd, kind != .end { advance() }
            try expect(.blockEnd)
            return .refusal("\(name) has no other template to read")
        case let other:
            throw start.error(
                "the tag \(other) is not supported",
                "supported: \(Self.statements.joined(separator: ", "))")
        }
    }

    private mutating func endJump(_ start: TemplatePosition) throws(InputError) {
        guard loopDepth > 0 else { throw start.error("break or continue outside of a loop") }
        try expect(.blockEnd)
    }

    private mutating func condition() throws(InputError) -> TemplateStatement.Kind {
        let wasInBranch = isInBranch
        isInBranch = true
        defer { isInBranch = wasInBranch }
        var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
        var otherwise: [TemplateStatement] = []
        var tag: String? = "if"
        while tag == "if" || tag == "elif" {
            let test = try tuple(allowingCondition: false)
            let (body, end) = try block(until: ["elif", "else", "endif"])
            branches.append((test, body))
            tag = end
        }
        if tag == "else" { (otherwise, _) = try block(until: ["endif"]) }
        try expect(.blockEnd)
        return .condition(branches, otherwise: otherwise)
    }

    private mutating func loop() throws(InputError) -> TemplateStatement.Kind {
        allLoopDepth += 1
        defer { allLoopDepth -= 1 }
        let target = try target(allowingAttributes: false)
        try expect(.name("in"))
        let sequence = try tuple(allowingCondition: false)
        let wasInBranch = isInBranch
        isInBranch = false
        defer { isInBranch = wasInBranch }
        let filter = skip(.name("if")) ? try expression() : nil
        let isRecursive = skip(.name("recursive"))
        loopDepth += 1
        let (body, end) = try block(until: ["else", "endfor"])
        loopDepth -= 1
        var otherwise: [TemplateStatement] = []
        if end == "else" { (otherwise, _) = try block(until: ["endfor"]) }
        try expect(.blockEnd)
        return .loop(
            TemplateLoop(
                target: target, sequence: sequence, filter: filter, isRecursive: isRecursive,
                body: body, otherwise: otherwise))
    }

    private mutating func assignment() throws(InputError) -> TemplateStatement.Kind {
        let target = try target(allowingAttributes: true)
        if skip(symbol: "=") {
            let value = try tuple()
            try expect(.blockEnd)
            return .assignment(target, value)
        }
        let filters = try outsideBranch { parser throws(InputError) in
            try parser.filterCalls(startingWithName: false)
        }
        return .capture(target, filters, try scopedBody(until: "endset"))
    }

    private mutating func target(
        allowingAttributes: Bool
    ) throws(InputError) -> TemplateTarget {
        var targets: [TemplateTarget] = []
        var isTuple = false
        repeat {
            if skip(symbol: "(") {
                targets.append(
                    try nested { parser throws(InputError) in
                        try parser.target(allowingAttributes: false)
                    })
                try expect(symbol: ")")
            } else {
                let start = position
                let name = try name()
                if allowingAttributes, skip(symbol: ".") {
                    targets.append(.attribute(name, try self.name()))
                } else if ["true", "false", "none", "True", "False", "None"].contains(name) {
                    throw start.error("cannot assign to \(name)")
                } else if name == "loop", allLoopDepth > 0 {
                    throw start.error("cannot assign to loop inside of a loop")
                } else {
                    targets.append(.name(name))
                }
            }
            isTuple = isTuple || kind == .symbol(",")
        } while skip(symbol: ",")
        return isTuple ? .tuple(targets) : targets[0]
    }

    private mutating func with() throws(InputError) -> TemplateStatement.Kind {
        var values: [(target: TemplateTarget, value: TemplateExpression)] = []
        while kind != .blockEnd, kind != .symbol(":") {
            if !values.isEmpty { try expect(symbol: ",") }
            let target = try target(allowingAttributes: false)
            try expect(symbol: "=")
            values.append((target, try expression()))
        }
        return .scope(values, try scopedBody(until: "endwith"))
    }

    private mutating func part() throws(InputError) -> TemplateStatement.Kind {
        let start = position
        let name = try name()
        guard blockNames.insert(name).inserted else {
            throw start.error("a second block \(name)", "give each block its own name")
        }
        let isScoped = skip(.name("scoped"))
        _ = skip(.name("required"))
        let body = try jumpless(until: "endblock", called: name)
        return .block(body, isScoped: isScoped)
    }

    /// Runs `parse` where an unknown filter fails before the template runs.
    mutating func outsideBranch<Result>(
        _ parse: (inout TemplateParser) throws(InputError) -> Result
    ) throws(InputError) -> Result {
        let wasInBranch = isInBranch
        isInBranch = false
        defer { isInBranch = wasInBranch }
        return try parse(&self)
    }
}
