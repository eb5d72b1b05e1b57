// SPDX-License-Identifier: Apache-2.0
// The log-probabilities of tokens in a model, all as natural logarithms.

import JSONText
public import Tensors

extension LanguageModel {
    /// Returns the log-probability of each token of a sequence after the first.
    ///
    /// - Parameter tokens: Token identifiers.
    /// - Returns: The log-probabilities in nats, one fewer than there are tokens.
    /// - Throws: `InputError` for tokens outside the vocabulary or too many tokens.
    public func logProbabilities(of tokens: [Int]) throws -> [Float] {
        try logProbabilities(ofEach: [tokens]).first ?? []
    }

    /// Returns the log-probability of each token of each sequence after its first.
    ///
    /// - Parameter sequences: Token identifiers.
    /// - Returns: The log-probabilities of each sequence in nats, one fewer than it has tokens.
    /// - Throws: `InputError` for tokens outside the vocabulary or too many tokens.
    public func logProbabilities(ofEach sequences: [[Int]]) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: sequences.count)
        let places = sequences.indices.filter { sequences[$0].count > 1 }
        let examples = places.map {
            CompletionExample(
                prompt: Array(sequences[$0].prefix(1)), completion: Array(sequences[$0].dropFirst())
            )
        }
        for (place, values) in zip(places, try tokenLogProbabilities(of: examples)) {
            result[place] = values
        }
        return result
    }

    /// Returns the log-likelihood of each completion given its prompt.
    ///
    /// - Parameters:
    ///   - examples: Prompts with completions. Common beginnings are computed once.
    ///   - edit: A change of the residual stream.
    /// - Returns: The sum over the completion's tokens, in nats.
    /// - Throws: `InputError` for empty or too long examples.
    public func logLikelihoods(
        of examples: [CompletionExample], edit: ResidualEdit? = nil
    ) throws -> [Float] {
        try tokenLogProbabilities(of: examples, edit: edit).map { $0.reduce(0, +) }
    }

    /// Returns the log-probability of each token of each completion given its prompt.
    ///
    /// - Parameters:
    ///   - examples: Prompts with completions. Common beginnings are computed once.
    ///   - edit: A change of the residual stream.
    /// - Returns: The log-probability of each token of each completion, in nats.
    /// - Throws: `InputError` for empty or too long examples.
    public func tokenLogProbabilities(
        of examples: [CompletionExample], edit: ResidualEdit? = nil
    ) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: examples.count)
        for places in ScoringBatches.places(examples.map { $0.prompt + $0.completion }) {
            let rows = try SupervisedRows(places.map { examples[$0] }, in: self)
            let values = try losses(of: rows, edit: edit).values()
            for (place, losses) in zip(places, rows.split(values)) {
                result[place] = losses.map { -$0 }
            }
        }
        return result
    }

    /// Returns the log-probabilities of the next token after each prompt.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers; none empty. Common beginnings are computed once.
    ///   - edit: A change of the residual stream.
    /// - Returns: `[prompts, vocabulary]`, evaluated.
    /// - Throws: `InputError` for empty or too long prompts.
    public func nextTokenLogProbabilities(
        after prompts: [[Int]], edit: ResidualEdit? = nil
    ) throws -> Tensor {
        try checkPrompts(prompts)
        guard !prompts.isEmpty else { return Tensor.zeros([0, configuration.vocabularySize]) }
        var rows: [Tensor] = []
        var order: [Int] = []
        for places in ScoringBatches.places(prompts) {
            var none: KeyValueCache?
            let last = try lastStates(
                of: TokenBatch(places.map { prompts[$0] }, for: configuration), cache: &none,
                edit: edit)
            rows.append(try logits(of: normalised(last)).logSoftmax(axis: -1))
            order += places
            try evaluate(rows)
        }
        var inverse = [Int32](repeating: 0, count: order.count)
        for (row, place) in order.enumerated() { inverse[place] = Int32(row) }
        return try Tensor.concatenated(rows, axis: 0)
            .take(Tensor(inverse, shape: [inverse.count]), axis: 0).evaluated()
    }

    func checkPrompts(_ prompts: [[Int]]) throws {
        for (index, prompt) in prompts.enumerated() {
            guard !prompt.isEmpty else {
                throw InputError(
                    "prompt \(index)", "is empty", remedy: "give at least one token")
            }
            try checkTokens(prompt)
            try checkLength(prompt.count)
        }
    }
}

extension LanguageModel {
    /// Computes the state after the last token of each prompt.
    ///
    /// - Parameters:
    ///   - batch: The prompts.
    ///   - cache: Nil, or an empty cache, which then holds all prompts.
    ///   - edit: A change of the residual stream.
    /// - Returns: The residual stream before the final norm, `[prompts, width]`.
    /// - Throws: `InputError` when a weight is missing.
    func lastStates(
        of batch: TokenBatch, cache: inout KeyValueCache?, edit: ResidualEdit?
    ) throws -> Tensor {
        try residualStream(.sequences(batch), cache: &cache, edit: edit).value
            .take(batch.lastPlaces, axis: 0)
    }
}
