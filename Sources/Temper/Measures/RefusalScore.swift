// SPDX-License-Identifier: Apache-2.0
// Refusal read off the logits of an answer's first token.

import Foundation
import LanguageModels
import Tensors
import Tokenization

/// Reads refusal off next-token logits: log P(refusal opening) - log(1 - P), in nats, the metric of
/// arXiv 2406.11717.
///
/// The openings are the first tokens of the suite's refusals. Those that also begin a compliant or
/// benign answer of the training split say nothing and are left out.
struct RefusalScore {
    /// The token ids that open a refusal.
    let openings: [Int]

    init(suite: Suite, tokenizer: Tokenizer) {
        func first(_ texts: [String]) -> Set<Int> {
            Set(texts.compactMap { tokenizer.encode($0, addingSpecialTokens: false).first })
        }
        let refusing = first(suite.refusals.map(\.text))
        let answering = first(
            suite.restricted.train.map(\.compliant) + suite.benign.train.map(\.answer))
        let telling = refusing.subtracting(answering)
        openings = (telling.isEmpty ? refusing : telling).sorted()
    }

    /// The score of each prompt.
    /// - Parameters:
    ///   - inputs: token ids up to where the answer begins.
    ///   - model: the model.
    ///   - edit: a change of the residual stream.
    /// - Returns: nats, positive where a refusal is more probable than not.
    /// - Throws: errors of the engine and the model.
    func scores(
        of inputs: [[Int]], model: LanguageModel, edit: ResidualEdit? = nil
    ) throws -> [Double] {
        let chosen = Tensor(openings.map { Int32($0) }, shape: [openings.count])
        let logProbability = try model.nextTokenLogProbabilities(after: inputs, edit: edit)
            .take(chosen, axis: 1).logSumExp(axis: 1)
        return try logProbability.values().map { value in
            // Rounding can put a certain refusal a hair above probability one.
            let nats = min(Double(value), -1e-7)
            return nats - log1p(-exp(nats))
        }
    }
}

extension Array {
    /// Consecutive pieces of at most `size` elements.
    func chunked(into size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
