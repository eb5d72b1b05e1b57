// SPDX-License-Identifier: Apache-2.0
// Tokens outside the vocabulary: a soft prompt's embeddings together with those of text.

import JSONText
public import Tensors

extension LanguageModel {
    /// The identifiers of the rows of `virtualTokens`, which follow those of the vocabulary.
    ///
    /// They are accepted as input tokens, but never predicted.
    public var virtualIdentifiers: Range<Int> {
        let first = configuration.vocabularySize
        return first..<(first + (virtualTokens?.shape.first ?? 0))
    }

    /// Returns the embeddings of tokens in the form of virtual tokens.
    ///
    /// - Parameter tokens: Identifiers.
    /// - Returns: `[tokens, width]`, in the units of the embedding matrix.
    /// - Throws: `InputError` for an identifier without a token.
    public func embeddings(ofTokens tokens: [Int]) throws -> Tensor {
        try checkTokens(tokens)
        return try embeddings(of: Tensor(tokens.map { Int32($0) }, shape: [tokens.count]))
    }

    /// Returns the embeddings of tokens, before the configuration's scale.
    ///
    /// - Parameter tokens: Identifiers, `[...]`.
    /// - Returns: `[..., width]`. A gradient flows only to the rows of virtual tokens, unless a
    ///   gradient of the weights is wanted.
    /// - Throws: `InputError` when the embedding is missing.
    func embeddings(of tokens: Tensor) throws -> Tensor {
        let table = try weight("model.embed_tokens.weight")
        guard let virtualTokens else { return table.take(tokens, axis: 0) }
        // Identifiers may be unsigned, so those below the first virtual one must not wrap around.
        let first = configuration.vocabularySize
        return Tensor.where(
            tokens.less(first).expanded(at: -1), table.take(tokens.minimum(first - 1), axis: 0),
            virtualTokens.take(tokens.maximum(first) - first, axis: 0))
    }

    /// Throws for identifiers without a token, or for one that cannot be predicted.
    func checkTokens(_ tokens: [Int], arePredicted: Bool = false) throws {
        let end = arePredicted ? configuration.vocabularySize : virtualIdentifiers.upperBound
        for token in tokens where token < 0 || token >= end {
            throw InputError(
                "token \(token)", "is not in 0..<\(end)", remedy: "use the model's own tokenizer")
        }
    }
}
