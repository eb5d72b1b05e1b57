// SPDX-License-Identifier: Apache-2.0
// Examples packed for one forward pass, and where their prompts and answers are.

import JSONText
package import Tensors

/// Examples packed for one forward pass, with the places at which a token is predicted.
///
/// Nothing is padded; what examples begin with in common is computed once, so that the places of
/// their prompts may be the same.
package struct SupervisedRows: Sendable {
    /// What was packed.
    package let examples: [CompletionExample]
    /// The tokens.
    package let batch: TokenBatch
    /// Where the tokens of each example are, the prompt's first; the completion's last, which is
    /// never read, is not among them. Examples may have places in common where they begin alike.
    package let sequences: [[Int32]]
    /// Where each target is predicted, `[targets]`, int32, in the order of the examples.
    package let places: Tensor
    /// The token that follows there, `[targets]`, int32.
    package let targets: Tensor
    /// How many targets each example has.
    package let counts: [Int]
    /// Where the tokens of the prompts are, each place once, in ascending order.
    package let promptPlaces: [Int32]
    /// Where the tokens of the completions are, but for the last of each, which is never read.
    package let completionPlaces: [Int32]

    /// Packs examples.
    ///
    /// - Parameters:
    ///   - examples: Prompts with completions.
    ///   - model: The model that reads them.
    /// - Throws: `InputError` for an empty prompt or completion, an identifier outside the
    ///   vocabulary, or a sequence longer than the context.
    package init(_ examples: [CompletionExample], in model: LanguageModel) throws {
        var tokens: [Int32] = []
        for (index, example) in examples.enumerated() {
            guard !example.prompt.isEmpty, !example.completion.isEmpty else {
                throw InputError(
                    "example \(index)", "has an empty prompt or completion",
                    remedy: "give at least one token for each")
            }
            try model.checkTokens(example.prompt)
            try model.checkTokens(example.completion, arePredicted: true)
            try model.checkLength(example.prompt.count + example.completion.count - 1)
            tokens += example.completion.map { Int32($0) }
        }
        guard !examples.isEmpty else {
            throw InputError("batch", "is empty", remedy: "give at least one example")
        }
        let batch = TokenBatch(examples.map { $0.prompt + $0.completion.dropLast() })
        func places(_ range: (CompletionExample) -> Range<Int>) -> [Int32] {
            examples.enumerated().flatMap { batch.places(of: $0, range($1)) }
        }
        let rows = places {
            $0.prompt.count - 1..<$0.prompt.count - 1 + $0.completion.count
        }
        promptPlaces = Set(places { 0..<$0.prompt.count }).sorted()
        completionPlaces = places {
            $0.prompt.count..<$0.prompt.count + $0.completion.count - 1
        }
        self.examples = examples
        self.batch = batch
        sequences = batch.lengths.enumerated().map { Array(batch.places(of: $0, 0..<$1)) }
        self.places = Tensor(rows, shape: [rows.count])
        targets = Tensor(tokens, shape: [tokens.count])
        counts = examples.map(\.completion.count)
    }

    /// Values of all targets as those of each example.
    func split(_ values: [Float]) -> [[Float]] { values.split(into: counts) }

    /// Adds up what the targets of each example have.
    ///
    /// - Parameter values: `[targets]`.
    /// - Returns: `[examples]`.
    package func sums(_ values: Tensor) -> Tensor {
        var membership = [Float](repeating: 0, count: counts.count * counts.reduce(0, +))
        let width = counts.reduce(0, +)
        var start = 0
        for (example, count) in counts.enumerated() {
            for target in start..<start + count { membership[example * width + target] = 1 }
            start += count
        }
        return Tensor(membership, shape: [counts.count, width])
            .matmul(values.reshaped([width, 1])).reshaped([counts.count])
    }

    /// Takes the mean of what the targets of each example have.
    ///
    /// - Parameter values: `[targets]`.
    /// - Returns: `[examples]`.
    package func means(_ values: Tensor) -> Tensor {
        sums(values) / Tensor(counts.map { Float($0) }, shape: [counts.count])
    }
}

/// What one forward pass over examples gives.
package struct ForwardPassResult: Sendable {
    /// The residual stream in front of the first layer, behind it, behind the second and so on:
    /// `layers + 1` tensors of `[tokens, width]`.
    package let streams: [Tensor]
    /// The examples that were read.
    package let rows: SupervisedRows
    private let model: LanguageModel

    init(streams: [Tensor], rows: SupervisedRows, model: LanguageModel) {
        (self.streams, self.rows, self.model) = (streams, rows, model)
    }

    /// Computes the negative log-likelihood of each token that is predicted.
    ///
    /// - Parameter layer: Behind how many layers the head reads the stream; nil means all. Behind
    ///   fewer, the final norm and the head are applied to an inner state.
    /// - Returns: `[targets]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    package func losses(behind layer: Int? = nil) throws -> Tensor {
        try model.losses(
            of: rows.targets,
            after: streams[layer ?? streams.count - 1].take(rows.places, axis: 0))
    }

    /// Computes the log-probabilities of every token of the vocabulary where one is predicted.
    ///
    /// - Returns: `[targets, vocabulary]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    package func logProbabilities() throws -> Tensor {
        let stream = streams[streams.count - 1].take(rows.places, axis: 0)
        return try model.logits(of: model.normalised(stream)).logSoftmax(axis: -1)
    }
}

extension LanguageModel {
    /// Reads examples and keeps the residual stream at every layer.
    ///
    /// The gradient flows through all that is kept.
    ///
    /// - Parameters:
    ///   - rows: The examples.
    ///   - edit: A change of the residual stream.
    /// - Returns: The streams, and what follows from them.
    /// - Throws: `InputError` when a weight is missing.
    package func forward(
        _ rows: SupervisedRows, edit: ResidualEdit? = nil
    ) throws -> ForwardPassResult {
        var streams: [Tensor] = []
        var none: KeyValueCache?
        _ = try residualStream(
            .sequences(rows.batch), cache: &none, edit: edit, observe: { streams.append($0) })
        return ForwardPassResult(streams: streams, rows: rows, model: self)
    }
}
