// SPDX-License-Identifier: Apache-2.0
// Tokens that are cut out of the text before the model is applied.

import JSONText

/// A token in addition to the model's own, with the rules for finding it.
struct AddedToken: Sendable, Equatable {
    var identifier: Int
    var content: String
    /// Whether decoding may omit it, and encoding may be told not to search for it.
    var isSpecial = true
    /// Whether it is searched for after normalization.
    var isNormalized = false
    var isSingleWord = false
    var stripsLeft = false
    var stripsRight = false

    init(
        identifier: Int, content: String, isSpecial: Bool = true, isNormalized: Bool = false
    ) {
        self.identifier = identifier
        self.content = content
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized
    }

    /// Reads a token with its rules.
    ///
    /// - Parameters:
    ///   - place: The object.
    ///   - identifier: The token's identifier.
    ///   - isSpecial: Whether the token is special if the object does not say it.
    /// - Throws: An error when a member is missing or of another kind.
    init(
        _ place: JSONNode, identifier: Int, isSpecial: Bool = false
    ) throws(InputError) {
        let isSpecial = try place.flag("special", default: isSpecial)
        self.init(
            identifier: identifier, content: try place.required("content").string(),
            isSpecial: isSpecial,
            isNormalized: try place.flag("normalized", default: !isSpecial))
        isSingleWord = try place.flag("single_word", default: false)
        stripsLeft = try place.flag("lstrip", default: false)
        stripsRight = try place.flag("rstrip", default: false)
    }

    /// The token as an element of `added_tokens`.
    var json: JSON {
        .members([
            "id": .integer(identifier), "content": .string(content),
            "single_word": .boolean(isSingleWord), "lstrip": .boolean(stripsLeft),
            "rstrip": .boolean(stripsRight), "normalized": .boolean(isNormalized),
            "special": .boolean(isSpecial),
        ])
    }
}

/// Finds added tokens in text: from the left, and at each place the longest.
struct AddedTokenMatcher: Sendable {
    /// A part of a text: a token, or text between tokens.
    struct Piece {
        let range: Range<Int>
        let identifier: Int?
    }

    private var tokens: [AddedToken] = []
    private var children: [UInt64: Int32] = [:]
    private var tokenAtNode: [Int32] = [-1]
    private var firstBytes = [Bool](repeating: false, count: 256)

    /// Whether there is nothing to find.
    var isEmpty: Bool { tokens.isEmpty }

    /// Adds a token.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - text: Its spelling in the searched text.
    mutating func insert(_ token: AddedToken, spelt text: String) {
        var node: Int32 = 0
        guard let first = text.utf8.first else { return }
        firstBytes[Int(first)] = true
        for byte in text.utf8 {
            let edge = UInt64(node) << 8 | UInt64(byte)
            if let child = children[edge] {
                node = child
            } else {
                node = Int32(tokenAtNode.count)
                children[edge] = node
                tokenAtNode.append(-1)
            }
        }
        tokenAtNode[Int(node)] = Int32(tokens.count)
        tokens.append(token)
    }

    /// Cuts a text into tokens and the text between them.
    ///
    /// - Parameters:
    ///   - text: Valid UTF-8.
    ///   - includingSpecial: Whether special tokens are searched for.
    /// - Returns: The pieces in order, covering the text.
    func split(_ text: UnsafeBufferPointer<UInt8>, includingSpecial: Bool) -> [Piece] {
        var pieces: [Piece] = []
        var covered = 0
        var position = 0
        while position < text.count {
            guard firstBytes[Int(text[position])], let found = longest(at: position, in: text)
            else {
                position += 1
                continue
            }
            let token = tokens[found.token]
            var start = position
            var end = found.end
            position = end
            if token.isSpecial && !includingSpecial { continue }
            if token.isSingleWord, isWord(before: start, in: text) || isWord(at: end, in: text) {
                continue
            }
            if token.stripsLeft { start = max(startOfSpace(before: start, in: text), covered) }
            if token.stripsRight { end = endOfSpace(from: end, in: text) }
            if covered < start { pieces.append(Piece(range: covered..<start, identifier: nil)) }
            pieces.append(Piece(range: start..<end, identifier: token.identifier))
            covered = end
        }
        if covered < text.count {
            pieces.append(Piece(range: covered..<text.count, identifier: nil))
        }
        return pieces
    }

    private func longest(
        at start: Int, in text: UnsafeBufferPointer<UInt8>
    ) -> (token: Int, end: Int)? {
        var node: Int32 = 0
        var best: (token: Int, end: Int)?
        var position = start
        while position < text.count,
            let child = children[UInt64(node) << 8 | UInt64(text[position])]
        {
            node = child
            position += 1
            if tokenAtNode[Int(node)] >= 0 { best = (Int(tokenAtNode[Int(node)]), position) }
        }
        return best
    }

    // MARK: - Surroundings

    private func isWord(before end: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        String(decoding: text[max(0, end - 4)..<end], as: UTF8.self).unicodeScalars.last
            .map(Self.isWord) ?? false
    }

    private func isWord(at start: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        String(decoding: text[start..<min(text.count, start + 4)], as: UTF8.self)
            .unicodeScalars.first.map(Self.isWord) ?? false
    }

    /// `\w` as in Rust's regular expressions.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default: return false
        }
    }

    private func startOfSpace(before end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = end
        while start > 0 {
            var previous = start - 1
            while previous > 0, text[previous] & 0xC0 == 0x80 { previous -= 1 }
            guard UnicodeClasses.read(at: previous, of: text).flags & UnicodeClasses.space != 0
            else { break }
            start = previous
        }
        return start
    }

    private func endOfSpace(from start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var end = start
        while end < text.count {
            let (flags, length) = UnicodeClasses.read(at: end, of: text)
            guard flags & UnicodeClasses.space != 0 else { break }
            end += length
        }
        return end
    }
}
