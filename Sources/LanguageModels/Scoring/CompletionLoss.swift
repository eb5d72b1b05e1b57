// SPDX-License-Identifier: Apache-2.0
// The loss that fine-tuning minimises.

import JSONText
public import Tensors

/// A prompt and the completion that should follow it.
public struct CompletionExample: Sendable, Hashable, Codable {
    /// Tokens that are given; 1 or more.
    public var prompt: [Int]
    /// Tokens that are predicted; 1 or more.
    public var completion: [Int]

    /// Makes an example.
    ///
    /// - Parameters:
    ///   - prompt: Tokens that are given.
    ///   - completion: Tokens that are predicted.
    public init(prompt: [Int], completion: [Int]) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension LanguageModel {
    /// Mean negative log-likelihood of the completions' tokens, in nats.
    ///
    /// Logits are computed only where a completion's token is predicted. The gradient is taken
    /// with `valueAndGradient`, over a model that `adapted(by:)` or `replacing(parameters:)` made
    /// from the parameters, or `prompted(by:)`.
    ///
    /// - Parameters:
    ///   - examples: The batch.
    ///   - edit: A change of the residual stream.
    ///   - recomputing: Whether layers are computed again in the backward pass, to save memory; an
    ///     edited stream is kept all the same.
    /// - Returns: A scalar.
    /// - Throws: `InputError` for an empty prompt or completion, an identifier outside the
    ///   vocabulary, or a sequence longer than the context.
    public func completionLoss(
        of examples: [CompletionExample], edit: ResidualEdit? = nil, recomputing: Bool = false
    ) throws -> Tensor {
        try losses(of: SupervisedRows(examples, in: self), edit: edit, recomputing: recomputing)
            .mean()
    }

    /// The negative log-likelihood of each token that is predicted, `[targets]`, in nats.
    func losses(
        of rows: SupervisedRows, edit: ResidualEdit?, recomputing: Bool = false
    ) throws -> Tensor {
        let stream = try residualStream(of: rows.batch, edit: edit, recomputing: recomputing)
        return try losses(of: rows.targets, after: stream.take(rows.places, axis: 0))
    }

    /// The negative log-likelihood of one target for each row of the residual stream.
    ///
    /// - Parameters:
    ///   - targets: `[rows]`, int32.
    ///   - stream: `[rows, width]`, before the final norm.
    /// - Returns: `[rows]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    func losses(of targets: Tensor, after stream: Tensor) throws -> Tensor {
        let hidden = try normalised(stream)
        guard configuration.logitSoftCap != nil else {
            return Tensor.linearCrossEntropy(
                hidden: hidden, weight: try head, targets: targets)
        }
        let logits = try logits(of: hidden)
        let chosen = logits.takeAlong(targets.expanded(at: -1), axis: -1).squeezed(at: -1)
        return logits.logSumExp(axis: -1) - chosen
    }
}

/// The places of a batch at which a token is predicted.
struct SupervisedRows {
    let batch: TokenBatch
    /// Where each target is predicted, `[targets]`, int32, in the order of the examples.
    let places: Tensor
    /// The token that follows there, `[targets]`, int32.
    let targets: Tensor
    /// How many targets each example has.
    private let counts: [Int]

    init(_ examples: [CompletionExample], in model: LanguageModel) throws {
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
        let rows = examples.enumerated().flatMap { index, example in
            let first = example.prompt.count - 1
            return batch.places(of: index, first..<first + example.completion.count)
        }
        self.batch = batch
        places = Tensor(rows, shape: [rows.count])
        targets = Tensor(tokens, shape: [tokens.count])
        counts = examples.map(\.completion.count)
    }

    /// Values of all targets as those of each example.
    func split(_ values: [Float]) -> [[Float]] { values.split(into: counts) }
}

extension [Float] {
    /// Pieces of given lengths, one behind the other.
    func split(into counts: [Int]) -> [[Float]] {
        var rest = self[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
}
