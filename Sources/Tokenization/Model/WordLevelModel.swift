// SPDX-License-Identifier: Apache-2.0
// Models whose tokens are words, whole or in pieces that are found from the left.

import JSONText

/// A vocabulary of whole words.
struct WordLevelModel: Sendable {
    var vocabulary: Vocabulary
    var unknown: String

    /// Appends the token of a word, or the unknown token.
    func encode(_ word: UnsafeBufferPointer<UInt8>, into identifiers: inout [Int32]) {
        if let token = vocabulary.identifier(of: word) ?? vocabulary.identifier(of: unknown) {
            identifiers.append(token)
        }
    }
}

/// WordPiece: the longest piece at the start of what is left of a word, until nothing is left.
struct WordPieceModel: Sendable {
    var words: WordLevelModel
    /// What the pieces inside a word start with.
    var prefix: [UInt8]
    /// Longer words are unknown, in scalars.
    var longestWord: Int

    /// Appends the pieces of a word, or the unknown token when there are none for all of it.
    func encode(_ word: UnsafeBufferPointer<UInt8>, into identifiers: inout [Int32]) {
        let start = identifiers.count
        if appendPieces(of: word, to: &identifiers) { return }
        identifiers.removeSubrange(start...)
        if let unknown = words.vocabulary.identifier(of: words.unknown) {
            identifiers.append(unknown)
        }
    }

    private func appendPieces(
        of word: UnsafeBufferPointer<UInt8>, to identifiers: inout [Int32]
    ) -> Bool {
        let count = word.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
        guard count <= longestWord else { return false }
        // The prefix stands before the word, so that each piece inside has room for its own.
        var text = prefix + word
        var start = prefix.count
        while start < text.count {
            var end = text.count
            var found: Int32?
            let first = start == prefix.count ? start : start - prefix.count
            if first != start { text.replaceSubrange(first..<start, with: prefix) }
            text.withUnsafeBufferPointer { all in
                while end > start {
                    found = words.vocabulary.identifier(
                        of: UnsafeBufferPointer(rebasing: all[first..<end]))
                    if found != nil { return }
                    end -= 1
                    while end > start, all[end] & 0xC0 == 0x80 { end -= 1 }
                }
            }
            guard let found else { return false }
            identifiers.append(found)
            start = end
        }
        return true
    }
}
