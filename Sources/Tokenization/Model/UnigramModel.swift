// SPDX-License-Identifier: Apache-2.0
// Unigram: of all ways to cut a text into pieces, the one with the greatest sum of scores.

/// A vocabulary with a score for each piece (arXiv:1804.10959), encoded by Viterbi's algorithm.
struct UnigramModel: Sendable {
    /// The working memory of `encode`, kept between texts.
    struct Scratch {
        fileprivate var best: [Step] = []
        fileprivate var path: [Int] = []
    }

    /// The best way to a place in the text: its last piece, where that starts, and the score.
    fileprivate struct Step {
        var score = 0.0
        var start: Int32 = -1
        var piece: Int32 = -1
    }

    /// What a scalar costs that is no piece, beyond the least score.
    private static let unknownPenalty = 10.0

    var vocabulary: Vocabulary
    /// Scores by identifier.
    var scores: [Double]
    var unknown: Int32?
    /// Whether scores are added as SentencePiece does, in single precision.
    var isSinglePrecision = false
    /// The tokens `<0x00>` to `<0xFF>`, -1 for one that is missing; empty without the fall-back.
    var fallbackSymbols: [Int32] = []
    /// The pieces that text is searched for.
    var trie = PieceTrie()
    var leastScore = 0.0

    /// Appends the tokens of a text.
    ///
    /// - Parameters:
    ///   - text: Valid UTF-8.
    ///   - scratch: Working memory.
    ///   - identifiers: The array to which the tokens are appended.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, scratch: inout Scratch, into identifiers: inout [Int32]
    ) {
        search(text, &scratch)
        var end = text.count
        scratch.path.removeAll(keepingCapacity: true)
        while end > 0 {
            scratch.path.append(end)
            end = Int(scratch.best[end].start)
        }
        var run: Range<Int>?
        for end in scratch.path.reversed() {
            let step = scratch.best[end]
            if step.piece == unknown ?? -1 {
                run = (run?.lowerBound ?? Int(step.start))..<end
            } else {
                if let unknownRun = run { appendUnknown(text[unknownRun], to: &identifiers) }
                run = nil
                identifiers.append(step.piece)
            }
        }
        if let run { appendUnknown(text[run], to: &identifiers) }
    }

    /// Finds the best way to each place.
    private func search(_ text: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch) {
        let unknownScore = added(leastScore, -Self.unknownPenalty)
        scratch.best.removeAll(keepingCapacity: true)
        scratch.best.append(contentsOf: repeatElement(Step(), count: text.count + 1))
        scratch.best.withUnsafeMutableBufferPointer { best in
            func offer(_ piece: Int32, _ score: Double, from start: Int, to end: Int) {
                let sum = added(best[start].score, score)
                if best[end].start < 0 || sum > best[end].score {
                    best[end] = Step(score: sum, start: Int32(start), piece: piece)
                }
            }
            var start = 0
            while start < text.count {
                let length = UnicodeClasses.scalar(at: start, of: text).length
                var hasScalar = false
                trie.forEachPiece(in: text, from: start) { end, piece in
                    offer(piece, scores[Int(piece)], from: start, to: end)
                    if end - start == length { hasScalar = true }
                }
                if !hasScalar {
                    offer(unknown ?? -1, unknownScore, from: start, to: start + length)
                }
                start += length
            }
        }
    }

    @inline(__always)
    private func added(_ left: Double, _ right: Double) -> Double {
        // Rounding the sum of two singles from double is the same as adding singles.
        isSinglePrecision ? Double(Float(left + right)) : left + right
    }

    /// Appends a run of scalars that are no pieces: its bytes, or one unknown token.
    private func appendUnknown(
        _ run: Slice<UnsafeBufferPointer<UInt8>>, to identifiers: inout [Int32]
    ) {
        if !isSinglePrecision, let known = vocabulary.identifier(of: .init(rebasing: run)) {
            identifiers.append(known)
        } else if !fallbackSymbols.isEmpty, run.allSatisfy({ fallbackSymbols[Int($0)] >= 0 }) {
            identifiers.append(contentsOf: run.map { fallbackSymbols[Int($0)] })
        } else if let unknown {
            identifiers.append(unknown)
        }
    }
}
