// SPDX-License-Identifier: Apache-2.0
// Walks over a template's tokens.

import JSONText

/// A recursive-descent parser over a template's tokens.
struct TemplateParser {
    /// The greatest nesting, so that no template exhausts the stack.
    private static let greatestDepth = 64

    private let tokens: [TemplateToken]
    private var index = 0
    private var depth = 0
    /// The number of loops around this place, up to the next macro.
    var loopDepth = 0
    /// The number of loops around this place.
    var allLoopDepth = 0
    /// The names that were read since the beginning of the innermost macro.
    var namesRead: Set<String> = []
    var blockNames: Set<String> = []
    /// Whether an unknown filter or test fails only when it runs: so Jinja treats them in branches.
    var isInBranch = false
    /// Errors about unknown filters and tests that fail before the template runs.
    var unknownCalls: [InputError] = []

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
        if let error = parser.unknownCalls.first { throw error }
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
}
