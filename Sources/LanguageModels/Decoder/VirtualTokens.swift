// SPDX-License-Identifier: Apache-2.0
// Tokens that the vocabulary lacks: a soft prompt's embeddings beside those of text.

import JSONText
public import Tensors

extension LanguageModel {
    /// The identifiers that stand for the rows of `virtualTokens`: those behind the vocabulary.
    ///
    /// They are given wherever tokens are, but never predicted.
    public var virtualIdentifiers: Range<Int> {
        let first = configuration.vocabularySize
        return first..<(first + (virtualTokens?.shape.first ?? 0))
    }

    /// Returns the embeddings of tokens, as virtual tokens have them.
    ///
    /// - Parameter tokens: Identifiers.
    /// - Returns: `[tokens, width]`, in the units of the embedding matrix.
    /// - Throws: `InputError` for an identifier that stands for no token.
    public func embeddings(ofTokens tokens: [Int]) throws -> Tensor {
        try checkTokens(tokens)
        return try embeddings(of: Tensor(tokens.map { Int32($0) }, shape: [tokens.count]))
    }

    /// Returns the embeddings of tokens, before the configuration's scale.
    ///
    /// - Parameter tokens: Identifiers, `[...]`.
    /// - Returns: `[..., width]`; a gradient flows to the rows of virtual tokens alone,
    ///   unless one is asked for of the weights.
    /// - Throws: `InputError` when the embedding is missing.
    func embeddings(of tokens: Tensor) throws -> Tensor {
        let table = try weight("model.embed_tokens.weight")
        guard let virtualTokens else { return table.take(tokens, axis: 0) }
        // Identifiers may be unsigned: what is below the first virtual one must not wrap around.
        let first = configuration.vocabularySize
        return Tensor.where(
            tokens.less(first).expanded(at: -1), table.take(tokens.minimum(first - 1), axis: 0),
            virtualTokens.take(tokens.maximum(first) - first, axis: 0))
    }

    /// Throws for identifiers that stand for no token, or for one that cannot be predicted.
    func checkTokens(_ tokens: [Int], arePredicted: Bool = false) throws {
        let end = arePredicted ? configuration.vocabularySize : virtualIdentifiers.upperBound
        for token in tokens where token < 0 || token >= end {
            throw InputError(
                "token \(token)", "is not in 0..<\(end)", remedy: "use the model's own tokenizer")
        }
    }
}
