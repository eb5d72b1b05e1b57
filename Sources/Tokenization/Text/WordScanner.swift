// SPDX-License-Identifier: Apache-2.0
// The regular expressions of GPT-2, Llama 3 and Qwen 2, matched by hand. They cover every text, so
// a text is a sequence of matches, and each match is found in one pass without backtracking.

/// One of the well-known ways of cutting text into words.
enum WordScanner: Sendable, CaseIterable {
    case gpt2
    case llama3
    case qwen2

    /// The expression that the scanner matches.
    var expression: String {
        let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let words = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
        switch self {
        case .gpt2:
            return #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        case .llama3: return words + #"\p{N}{1,3}"# + rest
        case .qwen2: return words + #"\p{N}"# + rest
        }
    }

    /// Returns the end of the match that starts at `start`.
    ///
    /// - Parameters:
    ///   - start: A byte offset at the start of a scalar, before the end.
    ///   - text: Valid UTF-8.
    /// - Returns: The byte offset of the match's end, after `start`.
    @inline(__always)
    func end(from start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        self == .gpt2 ? endOfGPT2Word(start, text) : endOfLlamaWord(start, text)
    }

    private func endOfGPT2Word(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        if text[start] == UInt8(ascii: "'") {
            let length = Self.contraction(after: start + 1, in: text, anyCase: false)
            if length > 0 { return start + 1 + length }
        }
        var first = start
        if text[start] == UInt8(ascii: " "), start + 1 < text.count { first += 1 }
        let (flags, length) = UnicodeClasses.read(at: first, of: text)
        let kinds = UnicodeClasses.letter | UnicodeClasses.number | UnicodeClasses.space
        guard flags & UnicodeClasses.space == 0 else { return Self.endOfSpace(start, text) }
        return Self.endOfRun(first + length, in: text, mask: kinds, value: flags & kinds)
    }

    private func endOfLlamaWord(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        if text[start] == UInt8(ascii: "'") {
            let length = Self.contraction(after: start + 1, in: text, anyCase: true)
            if length > 0 { return start + 1 + length }
        }
        let (flags, length) = UnicodeClasses.read(at: start, of: text)
        let second = start + length
        if flags & UnicodeClasses.letter != 0 { return Self.endOfLetters(second, text) }
        if flags & UnicodeClasses.number != 0 {
            guard self == .llama3 else { return second }
            return Self.endOfNumber(second, text)
        }
        let following: (flags: UInt8, length: Int) =
            second < text.count ? UnicodeClasses.read(at: second, of: text) : (0, 0)
        let isLineBreak = Self.isLineBreak(text[start])
        if following.flags & UnicodeClasses.letter != 0, !isLineBreak {
            return Self.endOfLetters(second + following.length, text)
        }
        if flags & UnicodeClasses.space == 0 { return Self.endOfMarks(second, text) }
        let kinds = UnicodeClasses.letter | UnicodeClasses.number | UnicodeClasses.space
        if text[start] == UInt8(ascii: " "), following.length > 0, following.flags & kinds == 0 {
            return Self.endOfMarks(second + following.length, text)
        }
        return Self.endOfLines(start, text) ?? Self.endOfSpace(start, text)
    }

    // MARK: - Parts of the expressions

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// Returns the end of the run of scalars from `start` whose flags under `mask` are `value`.
    @inline(__always)
    private static func endOfRun(
        _ start: Int, in text: UnsafeBufferPointer<UInt8>, mask: UInt8, value: UInt8
    ) -> Int {
        var position = start
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            guard flags & mask == value else { break }
            position += length
        }
        return position
    }

    private static func endOfLetters(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        endOfRun(start, in: text, mask: UnicodeClasses.letter, value: UnicodeClasses.letter)
    }

    /// Returns the end of a number after its first digit: it has at most two more.
    private static func endOfNumber(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        var position = start
        for _ in 0..<2 where position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            guard flags & UnicodeClasses.number != 0 else { break }
            position += length
        }
        return position
    }

    /// `[^\s\p{L}\p{N}]*[\r\n]*`
    private static func endOfMarks(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        let kinds = UnicodeClasses.letter | UnicodeClasses.number | UnicodeClasses.space
        var position = endOfRun(start, in: text, mask: kinds, value: 0)
        while position < text.count, isLineBreak(text[position]) { position += 1 }
        return position
    }

    /// `\s*[\r\n]+`: up to the last line break of the white space, or nil when it has none.
    private static func endOfLines(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var end: Int?
        var position = start
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            guard flags & UnicodeClasses.space != 0 else { break }
            if isLineBreak(text[position]) { end = position + 1 }
            position += length
        }
        return end
    }

    /// `\s+(?!\S)|\s+`: all white space, except that the last scalar belongs to a word that
    /// follows.
    private static func endOfSpace(_ start: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        var last = start
        var position = start
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            guard flags & UnicodeClasses.space != 0 else { break }
            last = position
            position += length
        }
        return position == text.count || last == start ? position : last
    }

    /// Returns the length of `s`, `t`, `re`, `ve`, `m`, `ll` or `d`, or 0. Without regard to case,
    /// `s` is also U+017F, as Unicode folds it.
    private static func contraction(
        after start: Int, in text: UnsafeBufferPointer<UInt8>, anyCase: Bool
    ) -> Int {
        guard start < text.count else { return 0 }
        let fold: UInt8 = anyCase ? 0x20 : 0
        let second = start + 1 < text.count ? text[start + 1] : 0
        switch text[start] | fold {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return 1
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return second | fold == UInt8(ascii: "e") ? 2 : 0
        case UInt8(ascii: "l"):
            return second | fold == UInt8(ascii: "l") ? 2 : 0
        default:
            return anyCase && text[start] == 0xC5 && second == 0xBF ? 2 : 0
        }
    }
}
