// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding of one word: its symbols, merged by rank.

/// A vocabulary with its merges, and the rules for text outside of both.
struct BytePairModel: Sendable {
    /// The working memory of `encode`, kept between words.
    struct Scratch {
        var symbols: [Int32] = []
        var merges: [MergeTable.Merge] = []
        var queue = MergeQueue()
    }

    /// From this length on, words use a queue. For shorter ones a scan of the neighbours is faster.
    private static let longWord = 40

    var vocabulary: Vocabulary
    var merges: MergeTable
    /// The symbol of each byte in byte-level models, -1 if there is none; empty in other models.
    var byteSymbols: [Int32] = []
    /// The symbols of `<0x00>` to `<0xFF>`, -1 for one that is missing, if they replace unknown
    /// characters; else empty.
    var fallbackSymbols: [Int32] = []
    /// What the symbols inside a word start with, such as `##`.
    var prefix: [UInt8] = []
    /// What the last symbol of a word ends with, such as `</w>`.
    var suffix: [UInt8] = []
    var unknown: Int32?
    var fusesUnknown = false
    var ignoresMerges = false

    /// Encodes one word.
    ///
    /// - Parameters:
    ///   - word: The word as valid UTF-8.
    ///   - scratch: Working memory.
    ///   - identifiers: The array to which the word's tokens are appended.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, scratch: inout Scratch,
        into identifiers: inout [Int32]
    ) {
        if ignoresMerges, let whole = identifierOfWhole(word) {
            identifiers.append(whole)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        if byteSymbols.isEmpty {
            appendCharacters(of: word, to: &scratch.symbols)
        } else {
            appendBytes(of: word, to: &scratch.symbols)
        }
        if scratch.symbols.count < Self.longWord {
            mergeShort(&scratch)
        } else {
            scratch.queue.merge(&scratch.symbols, by: merges)
        }
        identifiers.append(contentsOf: scratch.symbols)
    }

    private func identifierOfWhole(_ word: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard !byteSymbols.isEmpty else { return vocabulary.identifier(of: word) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: word.count * 2) { text in
            var count = 0
            for byte in word {
                let utf8 = ByteAlphabet.utf8[Int(byte)]
                text[count] = utf8.0
                count += 1
                if utf8.1 != 0 {
                    text[count] = utf8.1
                    count += 1
                }
            }
            return vocabulary.identifier(of: UnsafeBufferPointer(rebasing: text[..<count]))
        }
    }

    private func appendBytes(of word: UnsafeBufferPointer<UInt8>, to symbols: inout [Int32]) {
        var endsUnknown = false
        for byte in word {
            let symbol = byteSymbols[Int(byte)]
            if symbol >= 0 {
                symbols.append(symbol)
                endsUnknown = false
            } else {
                appendUnknown(to: &symbols, &endsUnknown)
            }
        }
    }

    private func appendCharacters(
        of word: UnsafeBufferPointer<UInt8>, to symbols: inout [Int32]
    ) {
        var endsUnknown = false
        var position = 0
        while position < word.count {
            let end = position + UnicodeClasses.scalar(at: position, of: word).length
            let character = UnsafeBufferPointer(rebasing: word[position..<end])
            if prefix.isEmpty && suffix.isEmpty {
                append(character, to: &symbols, &endsUnknown)
            } else {
                let start = position == 0 ? [] : prefix
                let affixed = start + character + (end == word.count ? suffix : [])
                affixed.withUnsafeBufferPointer { append($0, to: &symbols, &endsUnknown) }
            }
            position = end
        }
    }

    private func append(
        _ character: UnsafeBufferPointer<UInt8>, to symbols: inout [Int32],
        _ endsUnknown: inout Bool
    ) {
        if let symbol = vocabulary.identifier(of: character) {
            symbols.append(symbol)
            endsUnknown = false
        } else if !fallbackSymbols.isEmpty,
            character.allSatisfy({ fallbackSymbols[Int($0)] >= 0 })
        {
            // As in the reference, an unknown token that waits is put after these.
            let place = endsUnknown && unknown != nil ? symbols.count - 1 : symbols.count
            symbols.insert(contentsOf: character.map { fallbackSymbols[Int($0)] }, at: place)
        } else {
            appendUnknown(to: &symbols, &endsUnknown)
        }
    }

    private func appendUnknown(to symbols: inout [Int32], _ endsUnknown: inout Bool) {
        guard let unknown else { return }
        if !(endsUnknown && fusesUnknown) { symbols.append(unknown) }
        endsUnknown = true
    }

    /// Merges the first of the lowest-ranked pairs until no pair is left.
    private func mergeShort(_ scratch: inout Scratch) {
        var count = scratch.symbols.count
        guard count > 1 else { return }
        scratch.merges.removeAll(keepingCapacity: true)
        for index in 1..<count {
            scratch.merges.append(merges[scratch.symbols[index - 1], scratch.symbols[index]])
        }
        scratch.symbols.withUnsafeMutableBufferPointer { symbols in
            scratch.merges.withUnsafeMutableBufferPointer { next in
                while count > 1 {
                    var best = MergeTable.none
                    var index = 0
                    for candidate in 0..<count - 1 where next[candidate] >> 32 < best >> 32 {
                        best = next[candidate]
                        index = candidate
                    }
                    guard best != MergeTable.none else { break }
                    symbols[index] = Int32(truncatingIfNeeded: best)
                    count -= 1
                    for later in index + 1..<count {
                        symbols[later] = symbols[later + 1]
                        next[later - 1] = next[later]
                    }
                    if index > 0 { next[index - 1] = merges[symbols[index - 1], symbols[index]] }
                    if index < count - 1 {
                        next[index] = merges[symbols[index], symbols[index + 1]]
                    }
                }
            }
        }
        scratch.symbols.removeSubrange(count...)
    }
}
