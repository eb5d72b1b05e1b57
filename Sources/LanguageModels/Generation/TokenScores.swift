// SPDX-License-Identifier: Apache-2.0
// The probabilities with which a model chose a token.

import Foundation

/// The log-probability of a token of an answer, and of the likeliest tokens in its place. They are
/// those of the model: temperature and penalties do not change them.
public struct TokenScores: Sendable, Hashable {
    /// A token and its natural log-probability.
    public struct Entry: Sendable, Hashable {
        /// The token's identifier.
        public let token: Int
        /// The natural logarithm of its probability.
        public let logProbability: Float
    }

    /// The token that was chosen.
    public let chosen: Entry
    /// The likeliest tokens, the likeliest first; of equal ones, the lower identifier first.
    public let likeliest: [Entry]

    /// Computes scores.
    ///
    /// - Parameters:
    ///   - token: The chosen token.
    ///   - logits: A logit for each token of the vocabulary.
    ///   - count: How many of the likeliest tokens to give.
    init(of token: Int, logits: [Float], likeliest count: Int) {
        let greatest = logits.max() ?? 0
        let sum = logits.reduce(0.0) { $0 + exp(Double($1 - greatest)) }
        let norm = Double(greatest) + log(sum)
        func entry(_ token: Int) -> Entry {
            let logit = logits.indices.contains(token) ? logits[token] : -.infinity
            return Entry(token: token, logProbability: Float(Double(logit) - norm))
        }
        var best: [Int] = []
        for index in logits.indices where count > 0 {
            if best.count == count, logits[index] <= logits[best[count - 1]] { continue }
            let place = best.firstIndex { logits[$0] < logits[index] } ?? best.count
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        chosen = entry(token)
        likeliest = best.map(entry)
    }
}
