// SPDX-License-Identifier: Apache-2.0
// Tests whether a text is coherent: it detects loops, and gibberish that does not repeat.

/// Tests that a text must pass to count as coherent language.
///
/// They detect loops of words and of whole sentences, and strings of single letters. They do not
/// detect a fluent text that misses the question, nor real words in a meaningless order. Their
/// thresholds were chosen on the first part of the labelled answers (`Documentation/Judges.md`).
struct Coherence {
    /// The share of distinct word triples, from 0 to 1; 1 where there are fewer than two.
    let distinctTriples: Double
    /// The longest run of the same word.
    let longestRun: Int
    /// How many times shorter the text is when repetitions are replaced by references (LZ77).
    let compression: Double
    /// The share of words that are a single letter, from 0 to 1.
    let singleLetters: Double
    /// Whether there is a word at all.
    let hasWords: Bool

    /// Texts with a smaller share of distinct word triples are incoherent: half of the text is
    /// repetition.
    static let leastDistinctTriples = 0.5
    /// The longest allowed run of the same word.
    static let mostRepeats = 3
    /// Texts with a greater compression are incoherent.
    static let mostCompression = 2.05
    /// Texts with a larger share of single letters are incoherent, if they have at least
    /// ``fewestWords`` words.
    static let mostSingleLetters = 0.35
    /// The share of single letters is not tested in texts with fewer words.
    static let fewestWords = 8

    init(_ text: AnswerText) {
        let words = text.words
        hasWords = words.contains { $0.contains(where: \.isLetter) }
        var run = 1
        var longest = words.isEmpty ? 0 : 1
        for (word, next) in zip(words, words.dropFirst()) {
            run = word == next ? run + 1 : 1
            longest = max(longest, run)
        }
        longestRun = longest
        if words.count > 3 {
            let triples = (0..<(words.count - 2)).map {
                words[$0..<($0 + 3)].joined(separator: " ")
            }
            distinctTriples = Double(Set(triples).count) / Double(triples.count)
        } else {
            distinctTriples = 1
        }
        compression = Self.compression(of: Array(words.joined(separator: " ").utf8))
        let single = words.count { $0.count == 1 && $0.first?.isLetter == true }
        singleLetters =
            words.count < Self.fewestWords ? 0 : Double(single) / Double(words.count)
    }

    /// Whether every test is passed.
    var isGiven: Bool {
        hasWords && longestRun <= Self.mostRepeats
            && distinctTriples >= Self.leastDistinctTriples
            && compression <= Self.mostCompression && singleLetters <= Self.mostSingleLetters
    }

    /// Returns how many times shorter a text is in the greedy LZ77 parse: three bytes for a
    /// repetition of four bytes or more, one for any other.
    static func compression(of bytes: [UInt8]) -> Double {
        var starts: [UInt32: [Int]] = [:]
        var (index, cost) = (0, 0)
        func key(_ start: Int) -> UInt32 {
            bytes[start..<(start + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        while index < bytes.count {
            var best = 0
            if index + 4 <= bytes.count {
                for start in starts[key(index)] ?? [] {
                    var length = 4
                    while index + length < bytes.count,
                        bytes[start + length] == bytes[index + length]
                    { length += 1 }
                    best = max(best, length)
                }
            }
            cost += best > 0 ? 3 : 1
            for start in index..<(index + max(best, 1)) where start + 4 <= bytes.count {
                starts[key(start), default: []].append(start)
            }
            index += max(best, 1)
        }
        return cost == 0 ? 1 : Double(bytes.count) / Double(cost)
    }
}
