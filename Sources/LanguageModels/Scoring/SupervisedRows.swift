// SPDX-License-Identifier: Apache-2.0
// Examples packed for one forward pass, and the places of their prompts and answers.

import JSONText
package import Tensors

/// Examples packed for one forward pass, with the places at which a token is predicted.
///
/// Nothing is padded. Common beginnings of examples are computed once, so several prompts may have
/// the same places.
package struct SupervisedRows: Sendable {
    /// The packed examples.
    package let examples: [CompletionExample]
    /// The tokens.
    package let batch: TokenBatch
    /// The places of the tokens of each example, the prompt's first. The completion's last token is
    /// not included, because it is never an input. Examples with a common beginning share places.
    package let sequences: [[Int32]]
    /// The place where each target is predicted, `[targets]`, int32, in the order of the examples.
    package let places: Tensor
    /// The token after each place, `[targets]`, int32.
    package let targets: Tensor
    /// The number of targets of each example.
    package let counts: [Int]
    /// The places of the prompts' tokens, each once, in ascending order.
    package let promptPlaces: [Int32]
    /// The places of the completions' tokens, except the last of each, which is never an input.
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
        let batch = TokenBatch(
            examples.map { $0.prompt + $0.completion.dropLast() }, for: model.configuration)
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

    /// Splits the values of all targets into those of each example.
    func split(_ values: [Float]) -> [[Float]] { values.split(into: counts) }

    /// Adds up the values of each example's targets.
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

    /// Computes the mean of the values of each example's targets.
    ///
    /// - Parameter values: `[targets]`.
    /// - Returns: `[examples]`.
    package func means(_ values: Tensor) -> Tensor {
        sums(values) / Tensor(counts.map { Float($0) }, shape: [counts.count])
    }
}

/// The result of one forward pass over examples.
package struct ForwardPassResult: Sendable {
    /// The residual stream in front of the first layer, after it, after the second and so on:
    /// `layers + 1` tensors of `[tokens, width]`.
    package let streams: [Tensor]
    /// The examples of the forward pass.
    package let rows: SupervisedRows
    private let model: LanguageModel

    init(streams: [Tensor], rows: SupervisedRows, model: LanguageModel) {
        (self.streams, self.rows, self.model) = (streams, rows, model)
    }

    /// Computes the negative log-likelihood of each predicted token.
    ///
    /// - Parameter layer: The number of layers after which the head reads the stream; nil means
    ///   all. With fewer, the final norm and the head are applied to an inner state.
    /// - Returns: `[targets]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    package func losses(behind layer: Int? = nil) throws -> Tensor {
        try model.losses(
            of: rows.targets,
            after: streams[layer ?? streams.count - 1].take(rows.places, axis: 0))
    }

    /// Computes the log-probabilities of every token of the vocabulary at each place of a target.
    ///
    /// - Returns: `[targets, vocabulary]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    package func logProbabilities() throws -> Tensor {
        let stream = streams[streams.count - 1].take(rows.places, axis: 0)
        return try model.logits(of: model.normalised(stream)).logSoftmax(axis: -1)
    }
}

extension LanguageModel {
    /// Runs a forward pass over examples and keeps the residual stream at every layer.
    ///
    /// The gradient flows through everything that is kept.
    ///
    /// - Parameters:
    ///   - rows: The examples.
    ///   - edit: A change of the residual stream.
    /// - Returns: The streams, and the results that follow from them.
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
