// SPDX-License-Identifier: Apache-2.0
// SentencePiece's compiled map of characters to their normal form: a double array (Darts) of the
// characters, and the texts that replace them.

import JSONText

/// A map of short texts to their replacements.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Reads a map: the size of the array in bytes, the array, and texts that each end with a zero.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of `precompiled_charsmap`.
    ///   - error: Makes an error of a problem and a remedy.
    /// - Throws: An error when the sizes do not fit.
    init(_ bytes: [UInt8], error: (String, String) -> InputError) throws(InputError) {
        func unit(at offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
        }
        guard bytes.count >= 4, case let size = Int(unit(at: 0)), size.isMultiple(of: 4),
            size <= bytes.count - 4
        else { throw error("the map of characters is damaged", "fetch the file again") }
        units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        replacements = Array(bytes[(4 + size)...])
    }

    /// Calls `body` with the end of each text of the map that starts at `start`, the shortest
    /// first, and where its replacement is. The map is not trusted: a damaged one finds nothing.
    private func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int, Int) -> Void
    ) {
        guard let root = units.first else { return }
        var node = Self.offset(of: root)
        var position = start
        while position < text.count, text[position] != 0 {
            node ^= Int(text[position])
            guard units.indices.contains(node) else { return }
            let unit = units[node]
            // The label of a value has the greatest bit set, so it is never that of a byte.
            guard unit & 0x8000_00FF == UInt32(text[position]) else { return }
            position += 1
            node ^= Self.offset(of: unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard units.indices.contains(node) else { return }
            body(position, Int(units[node] & 0x7FFF_FFFF))
        }
    }

    private static func offset(of unit: UInt32) -> Int {
        Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
    }

    private func replacement(at offset: Int) -> ArraySlice<UInt8>? {
        guard offset < replacements.count else { return nil }
        let end = replacements[offset...].firstIndex(of: 0) ?? replacements.count
        return replacements[offset..<end]
    }

    /// Returns the end of the longest text of the map that starts at `start`, and its replacement.
    func longest(
        in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> (end: Int, replacement: ArraySlice<UInt8>)? {
        var best: (end: Int, offset: Int)?
        forEachMatch(in: text, from: start) { best = ($0, $1) }
        guard let best, let text = replacement(at: best.offset) else { return nil }
        return (best.end, text)
    }

    /// Returns the replacement of the shortest text of the map that `part` starts with.
    private func shortest(_ part: Substring.UTF8View) -> ArraySlice<UInt8>? {
        var offset: Int?
        Array(part).withUnsafeBufferPointer { bytes in
            forEachMatch(in: bytes, from: 0) { if offset == nil { offset = $1 } }
        }
        return offset.flatMap(replacement)
    }

    /// Returns the text as Hugging Face's `Precompiled` normalizes it, which takes a short grapheme
    /// as a whole, and of the texts that it starts with the shortest.
    func apply(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for index in text.indices {
            let grapheme = text[index...index]
            if grapheme.utf8.count < 6, let replacement = shortest(grapheme.utf8) {
                result += replacement
                continue
            }
            for index in grapheme.unicodeScalars.indices {
                let scalar = grapheme[index..<grapheme.unicodeScalars.index(after: index)]
                result += shortest(scalar.utf8) ?? Array(scalar.utf8)[...]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
