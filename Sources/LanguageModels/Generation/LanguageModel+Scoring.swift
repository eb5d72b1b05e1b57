// SPDX-License-Identifier: Apache-2.0
// How probable a model finds tokens; all in natural logarithms.

public import Tensors

extension LanguageModel {
    /// The log-probability of each token of a sequence after the first.
    ///
    /// - Parameter tokens: Token identifiers.
    /// - Returns: Nats, one fewer than there are tokens.
    /// - Throws: `LanguageModelError` for tokens outside the vocabulary or too many of them.
    public func logProbabilities(of tokens: [Int]) throws -> [Float] {
        try logProbabilities(ofEach: [tokens])[0]
    }

    /// The log-probability of each token of each sequence after its first.
    ///
    /// - Parameter sequences: Token identifiers.
    /// - Returns: Nats for each sequence, one fewer than it has tokens.
    /// - Throws: `LanguageModelError` for tokens outside the vocabulary or too many of them.
    public func logProbabilities(ofEach sequences: [[Int]]) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: sequences.count)
        let places = sequences.indices.filter { sequences[$0].count > 1 }
        let examples = places.map {
            CompletionExample(
                prompt: [sequences[$0][0]], completion: Array(sequences[$0].dropFirst()))
        }
        for (place, values) in zip(places, try tokenLogProbabilities(of: examples)) {
            result[place] = values
        }
        return result
    }

    /// The log-likelihood of each completion given its prompt.
    ///
    /// - Parameter examples: Prompts with completions; those with equal prompts may stand together.
    /// - Returns: The sum over the completion's tokens, in nats.
    /// - Throws: `LanguageModelError` for empty or too long examples.
    public func logLikelihoods(of examples: [CompletionExample]) throws -> [Float] {
        try tokenLogProbabilities(of: examples).map { $0.reduce(0, +) }
    }

    /// The log-probability of each token of each completion given its prompt.
    ///
    /// - Parameter examples: Prompts with completions.
    /// - Returns: Nats for each token of each completion.
    /// - Throws: `LanguageModelError` for empty or too long examples.
    public func tokenLogProbabilities(of examples: [CompletionExample]) throws -> [[Float]] {
        var result = [[Float]](repeating: [], count: examples.count)
        let lengths = examples.map { $0.prompt.count + $0.completion.count }
        for places in ScoringBatches.places(lengths: lengths) {
            let rows = try SupervisedRows(places.map { examples[$0] }, in: self)
            var none: KeyValueCache?
            let stream = try residualStream(rows.batch, cache: &none)
            var values: [Float] = []
            for chunk in try rows.chunks(of: stream) {
                values += try logProbabilities(of: chunk.targets, in: chunk.stream).values()
            }
            var start = 0
            for (place, count) in zip(places, rows.counts) {
                result[place] = Array(values[start..<start + count])
                start += count
            }
        }
        return result
    }

    /// The log-probabilities of whatever follows each prompt.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers; none empty.
    ///   - edit: A change of the residual stream.
    /// - Returns: `[prompts, vocabulary]`, evaluated.
    /// - Throws: `LanguageModelError` for empty or too long prompts.
    public func nextTokenLogProbabilities(
        after prompts: [[Int]], edit: ResidualEdit? = nil
    ) throws -> Tensor {
        var rows: [Tensor] = []
        var order: [Int] = []
        for places in ScoringBatches.places(lengths: prompts.map(\.count)) {
            for place in places {
                guard !prompts[place].isEmpty else {
                    throw LanguageModelError(
                        "prompt \(place)", "is empty", remedy: "give at least one token")
                }
                try checkTokens(prompts[place])
            }
            let batch = TokenBatch(places.map { prompts[$0] })
            let last = try forward(batch, edit: edit)
                .slice(axis: 1, from: batch.length - 1, to: batch.length).squeezed(at: 1)
            rows.append(try logits(of: last).logSoftmax(axis: -1))
            order += places
            try evaluate(rows)
        }
        guard !rows.isEmpty else { return Tensor.zeros([0, configuration.vocabularySize]) }
        var inverse = [Int32](repeating: 0, count: order.count)
        for (row, place) in order.enumerated() { inverse[place] = Int32(row) }
        let sorted = Tensor.concatenated(rows, axis: 0)
            .take(Tensor(inverse, shape: [inverse.count]), axis: 0)
        try evaluate([sorted])
        return sorted
    }

    /// How far this model's predictions are from another's: for each text the mean over its
    /// positions of KL(reference || this model).
    ///
    /// - Parameters:
    ///   - reference: The model whose predictions are taken as the truth.
    ///   - sequences: Token identifiers; none empty.
    /// - Returns: Nats for each sequence.
    /// - Throws: `LanguageModelError` for empty or too long sequences, or another vocabulary.
    public func divergences(from reference: LanguageModel, of sequences: [[Int]]) throws -> [Float]
    {
        guard reference.configuration.vocabularySize == configuration.vocabularySize else {
            throw LanguageModelError(
                "model \(reference.name)", "has another vocabulary",
                remedy: "compare models with the same tokenizer")
        }
        var result = [Float](repeating: 0, count: sequences.count)
        for places in ScoringBatches.places(lengths: sequences.map(\.count)) {
            let rows = try SupervisedRows(
                places.map { place in
                    // Distributions are compared, so any token may stand behind the last.
                    let first = Array(sequences[place].prefix(1))
                    return CompletionExample(
                        prompt: first, completion: sequences[place].dropFirst() + first)
                }, in: self)
            var none: KeyValueCache?
            let mine = try residualStream(rows.batch, cache: &none)
            let theirs = try reference.residualStream(rows.batch, cache: &none)
            var values: [Float] = []
            for (mine, theirs) in zip(try rows.chunks(of: mine), try rows.chunks(of: theirs)) {
                let log = try logits(of: normalised(mine.stream)).logSoftmax(axis: -1)
                let truth = try reference.logits(of: reference.normalised(theirs.stream))
                    .logSoftmax(axis: -1)
                values += try (truth.exp() * (truth - log)).sum(axis: -1).values()
            }
            var start = 0
            for (place, count) in zip(places, rows.counts) {
                result[place] = values[start..<start + count].reduce(0, +) / Float(count)
                start += count
            }
        }
        return result
    }
}

/// How scoring is cut into pieces that fit in memory.
enum ScoringBatches {
    /// The tokens of one forward pass, padding included.
    private static let tokens = 2048

    /// Groups of places of similar length.
    static func places(lengths: [Int]) -> [[Int]] {
        let order = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        var groups: [[Int]] = []
        for place in order {
            if let last = groups.last, (last.count + 1) * lengths[place] <= tokens {
                groups[groups.count - 1].append(place)
            } else {
                groups.append([place])
            }
        }
        return groups
    }
}

extension SupervisedRows {
    /// The rows of logits that are held at once.
    private static let chunk = 512

    /// The supervised rows in pieces, evaluated up to the residual stream.
    func chunks(of stream: Tensor) throws -> [(stream: Tensor, targets: Tensor)] {
        let selected = select(from: stream)
        try evaluate([selected])
        return stride(from: 0, to: indices.count, by: Self.chunk).map { start in
            let end = min(start + Self.chunk, indices.count)
            return (
                selected.slice(axis: 0, from: start, to: end),
                targets.slice(axis: 0, from: start, to: end)
            )
        }
    }
}
