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
            let next = normalized(text, at: position)
            guard next.part.elementsEqual([UInt8(ascii: " ")]) else { break }
            position = next.end
        }
        guard position < text.count else { return [] }
        if addsDummySpace, !treatsSpaceAsSuffix { result += space }
        var followsSpace = removesExtraSpaces
        func append(_ byte: UInt8) {
            if byte == UInt8(ascii: " ") { result += space } else { result.append(byte) }
        }
        while position < text.count {
            let byte = text[position]
            if characters == nil, userDefined.isEmpty, byte != UInt8(ascii: " ") {
                result.append(byte)
                followsSpace = false
                position += 1
                continue
            }
            let next = normalized(text, at: position)
            position = next.end
            var part = next.part
            while followsSpace, part.first == UInt8(ascii: " ") { part = part.dropFirst() }
            part.forEach(append)
            if let last = part.last { followsSpace = last == UInt8(ascii: " ") }
            if !removesExtraSpaces { followsSpace = false }
        }
        while removesExtraSpaces, result.suffix(space.count) == space[...] {
            result.removeLast(space.count)
        }
        if addsDummySpace, treatsSpaceAsSuffix { result += space }
        return result
    }

    /// Returns the normal form of the text's next part, and where the part ends.
    private func normalized(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> (part: ArraySlice<UInt8>, end: Int) {
        if let piece = userDefined.longest(in: text, from: start) {
            return (Array(text[start..<piece.end])[...], piece.end)
        }
        if let match = characters?.longest(in: text, from: start) {
            return (match.replacement, match.end)
        }
        let end = start + UnicodeClasses.scalar(at: start, of: text).length
        return (Array(text[start..<end])[...], end)
    }
}
