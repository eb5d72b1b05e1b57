// SPDX-License-Identifier: Apache-2.0
// Cuts a template into tokens, with the white-space rules of transformers: the line break after a
// block tag and the indentation before one are removed.

import JSONText

/// A reader over a template's text.
struct TemplateLexer {
    private static let greatestLength = 1 << 20

    let source: [Unicode.Scalar]
    var index = 0
    private var line = 1
    private var column = 1
    private var tokens: [TemplateToken] = []
    /// Whether the next text is at the start of a line.
    private var startsLine = true

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    /// Cuts a template into tokens.
    ///
    /// - Parameter text: The template.
    /// - Returns: The tokens, the last of which is `end`.
    /// - Throws: An error with line and column for characters that are not a token.
    static func tokens(of text: String) throws(InputError) -> [TemplateToken] {
        guard text.utf8.count <= greatestLength else {
            throw TemplatePosition(line: 1, column: 1).error(
                "more than \(greatestLength) bytes", "chat templates have a few thousand")
        }
        var lexer = TemplateLexer(text)
        while lexer.index < lexer.source.count { try lexer.readText() }
        lexer.append(.end, lexer.position)
        return lexer.tokens
    }

    private var position: TemplatePosition { TemplatePosition(line: line, column: column) }

    private mutating func append(_ kind: TemplateToken.Kind, _ position: TemplatePosition) {
        tokens.append(TemplateToken(kind: kind, position: position))
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        index + offset < source.count ? source[index + offset] : nil
    }

    private func starts(with text: String) -> Bool {
        source[index...].starts(with: text.unicodeScalars)
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < source.count {
            if source[index] == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
            index += 1
        }
    }

    private mutating func skipSpace() {
        while let scalar = peek(), scalar.isPythonSpace { advance() }
    }

    // MARK: - Text and tags

    /// Reads text up to a tag, and then the tag.
    private mutating func readText() throws(InputError) {
        let start = position
        let first = index
        while index < source.count,
            !(peek() == "{" && (peek(1) == "{" || peek(1) == "%" || peek(1) == "#"))
        {
            advance()
        }
        var text = source[first..<index]
        guard index < source.count else {
            if !text.isEmpty { append(.text(Self.string(text)), start) }
            return
        }
        let opening = position
        let tag = source[index + 1]
        let sign = peek(2)
        if sign == "-" {
            while let last = text.last, last.isPythonSpace { text.removeLast() }
        } else if tag != "{", sign != "+" {
            let lineStart = text.lastIndex(of: "\n").map { $0 + 1 }
            let isIndentation = text[(lineStart ?? first)...].allSatisfy(\.isPythonSpace)
            if isIndentation, lineStart != nil || startsLine {
                text = text[..<(lineStart ?? first)]
            }
        }
        if !text.isEmpty { append(.text(Self.string(text)), start) }
        advance(sign == "-" || sign == "+" ? 3 : 2)
        switch tag {
        case "#": try skipComment(from: opening)
        case "{":
            append(.variableStart, opening)
            try readExpression(closing: "}}", .variableEnd, from: opening)
        default:
            if try readRaw(from: opening) { return }
            append(.blockStart, opening)
            try readExpression(closing: "%}", .blockEnd, from: opening)
        }
    }

    static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Reads the end of a tag if it is here.
    private mutating func readEnd(_ closing: String) -> Bool {
        for (sign, length) in [("-", 3), ("+", 3), ("", 2)] where starts(with: sign + closing) {
            if sign == "+", closing == "}}" { continue }
            advance(length)
            if sign.isEmpty, closing != "}}", peek() == "\n" { advance() }
            if sign == "-" { skipSpace() }
            startsLine = source[index - 1] == "\n"
            return true
        }
        return false
    }

    private mutating func skipComment(from opening: TemplatePosition) throws(InputError) {
        while index < source.count {
            if readEnd("#}") { return }
            advance()
        }
        throw opening.error("a comment without its end", "close it with #}")
    }

    /// Reads text from `{% raw %}` up to its end, if the tag is `raw`.
    private mutating func readRaw(from opening: TemplatePosition) throws(InputError) -> Bool {
        let saved = (index, line, column)
        skipSpace()
        guard starts(with: "raw") else {
            (index, line, column) = saved
            return false
        }
        advance(3)
        skipSpace()
        guard starts(with: "%}") || starts(with: "-%}") else {
            (index, line, column) = saved
            return false
        }
        if starts(with: "%}") {
            advance(2)
        } else {
            advance(3)
            skipSpace()
        }
        let start = position
        let first = index
        while index < source.count {
            let last = index
            if starts(with: "{%") {
                advance(2)
                let sign = peek()
                if sign == "-" || sign == "+" { advance() }
                skipSpace()
                if starts(with: "endraw") {
                    advance(6)
                    skipSpace()
                    if readEnd("%}") {
                        appendRaw(source[first..<last], sign: sign, start)
                        return true
                    }
                }
            } else {
                advance()
            }
        }
        throw opening.error("raw without endraw", "close it with {% endraw %}")
    }

    private mutating func appendRaw(
        _ text: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar?, _ start: TemplatePosition
    ) {
        var text = text
        if sign == "-" {
            while let last = text.last, last.isPythonSpace { text.removeLast() }
        } else if sign != "+", let lineStart = text.lastIndex(of: "\n").map({ $0 + 1 }),
            text[lineStart...].allSatisfy(\.isPythonSpace)
        {
            text = text[..<lineStart]
        }
        if !text.isEmpty { append(.text(Self.string(text)), start) }
    }

    // MARK: - Expressions

    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{",
        "}", "|", ",", ".", ":", "=", "<", ">", ";",
    ]

    private mutating func readExpression(
        closing: String, _ end: TemplateToken.Kind, from opening: TemplatePosition
    ) throws(InputError) {
        var depth = 0
        while true {
            skipSpace()
            let start = position
            guard let scalar = peek() else {
                throw opening.error("a tag without its end", "close it with \(closing)")
            }
            if depth == 0, readEnd(closing) {
                append(end, start)
                return
            }
            if scalar == "'" || scalar == "\"" {
                append(.string(try readString(scalar, from: start)), start)
            } else if ("0"..."9").contains(scalar) {
                append(try readNumber(from: start), start)
            } else if scalar.properties.isXIDStart || scalar == "_" {
                let first = index
                while let next = peek(), next.properties.isXIDContinue || next == "_" { advance() }
                append(.name(Self.string(source[first..<index])), start)
            } else if let symbol = Self.symbols.first(where: { starts(with: $0) }) {
                if "([{".contains(symbol) { depth += 1 }
                if ")]}".contains(symbol) { depth -= 1 }
                guard depth >= 0 else { throw start.error("\(symbol) without its beginning") }
                advance(symbol.count)
                append(.symbol(symbol), start)
            } else {
                throw start.error("an unexpected character \(scalar)")
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether Python treats the scalar as white space.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
