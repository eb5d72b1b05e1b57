// SPDX-License-Identifier: Apache-2.0
// What SentencePiece does to text before it is cut into pieces.

/// SentencePiece's normalizer, for a text between special tokens.
struct SentencePieceNormalizer: Sendable {
    /// The visible form of a space.
    static let space = Array("\u{2581}".utf8)

    var characters: CharacterMap?
    /// Pieces that the user defined. They are kept as they are.
    var userDefined = PieceTrie()
    var addsDummySpace = true
    var removesExtraSpaces = true
    var escapesSpaces = true
    /// Whether the dummy space follows the text.
    var treatsSpaceAsSuffix = false

    /// Returns the normalized text.
    func apply(_ text: String) -> String {
        var text = text
        return text.withUTF8 { String(decoding: apply($0), as: UTF8.self) }
    }

    private func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        let space = escapesSpaces ? Self.space : [UInt8(ascii: " ")]
        var position = 0
        // Spaces at the start are gone before the dummy space is added.
        while removesExtraSpaces, position < text.count {
            let next = replacement(text, at: position)
            guard let next, next.part.elementsEqual([UInt8(ascii: " ")]) else {
                guard next == nil, text[position] == UInt8(ascii: " ") else { break }
                position += 1
                continue
            }
            position = next.end
        }
        guard position < text.count else { return [] }
        if addsDummySpace, !treatsSpaceAsSuffix { result += space }
        var followsSpace = removesExtraSpaces
        func append(_ part: some Sequence<UInt8>) {
            var isStart = true
            for byte in part {
                let isSpace = byte == UInt8(ascii: " ")
                if isSpace, isStart, followsSpace { continue }
                isStart = false
                if isSpace { result += space } else { result.append(byte) }
            }
        }
        while position < text.count {
            if let next = replacement(text, at: position) {
                append(next.part)
                // A part of spaces alone, all removed, changes nothing.
                if let last = next.part.last,
                    !followsSpace || next.part.contains(where: { $0 != 32 })
                {
                    followsSpace = last == UInt8(ascii: " ")
                }
                position = next.end
            } else {
                let end = position + UnicodeClasses.scalar(at: position, of: text).length
                let isSpace = text[position] == UInt8(ascii: " ")
                if isSpace {
                    if !followsSpace { result += space }
                } else {
                    result.append(contentsOf: text[position..<end])
                }
                followsSpace = isSpace
                position = end
            }
            if !removesExtraSpaces { followsSpace = false }
        }
        while removesExtraSpaces, result.suffix(space.count) == space[...] {
            result.removeLast(space.count)
        }
        if addsDummySpace, treatsSpaceAsSuffix { result += space }
        return result
    }

    /// Returns what replaces the text's next part and where that ends, or nil when the next scalar
    /// stays as it is.
    private func replacement(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> (part: ArraySlice<UInt8>, end: Int)? {
        if !userDefined.isEmpty, let piece = userDefined.longest(in: text, from: start) {
            return (Array(text[start..<piece.end])[...], piece.end)
        }
        guard let match = characters?.longest(in: text, from: start) else { return nil }
        return (match.replacement, match.end)
    }
}
