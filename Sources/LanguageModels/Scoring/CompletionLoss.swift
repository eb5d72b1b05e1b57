// SPDX-License-Identifier: Apache-2.0
// The loss that fine-tuning minimises.

import JSONText
public import Tensors

/// A prompt and the completion that should follow it.
public struct CompletionExample: Sendable, Hashable, Codable {
    /// The given tokens; 1 or more.
    public var prompt: [Int]
    /// The predicted tokens; 1 or more.
    public var completion: [Int]

    /// Makes an example.
    ///
    /// - Parameters:
    ///   - prompt: The given tokens.
    ///   - completion: The predicted tokens.
    public init(prompt: [Int], completion: [Int]) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension LanguageModel {
    /// Returns the mean negative log-likelihood of the completions' tokens, in nats.
    ///
    /// Logits are computed only where a completion's token is predicted. For the gradient, call
    /// `valueAndGradient` over a model that `adapted(by:)`, `replacing(parameters:)` or
    /// `prompted(by:)` made from the parameters.
    ///
    /// - Parameters:
    ///   - examples: The batch.
    ///   - edit: A change of the residual stream.
    ///   - recomputing: Whether layers are computed again in the backward pass, to save memory. An
    ///     edited stream is kept anyway.
    /// - Returns: A scalar.
    /// - Throws: `InputError` for an empty prompt or completion, an identifier outside the
    ///   vocabulary, or a sequence longer than the context.
    public func completionLoss(
        of examples: [CompletionExample], edit: ResidualEdit? = nil, recomputing: Bool = false
    ) throws -> Tensor {
        try losses(of: SupervisedRows(examples, in: self), edit: edit, recomputing: recomputing)
            .mean()
    }

    /// Returns the negative log-likelihood of each predicted token, `[targets]`, in nats.
    func losses(
        of rows: SupervisedRows, edit: ResidualEdit?, recomputing: Bool = false
    ) throws -> Tensor {
        let stream = try residualStream(of: rows.batch, edit: edit, recomputing: recomputing)
        return try losses(of: rows.targets, after: stream.take(rows.places, axis: 0))
    }

    /// Returns the negative log-likelihood of one target for each row of the residual stream.
    ///
    /// - Parameters:
    ///   - targets: `[rows]`, int32.
    ///   - stream: `[rows, width]`, before the final norm.
    /// - Returns: `[rows]`, in nats.
    /// - Throws: `InputError` when a weight is missing.
    func losses(of targets: Tensor, after stream: Tensor) throws -> Tensor {
        let hidden = try normalised(stream)
        guard !configuration.headIsLinear else {
            return Tensor.linearCrossEntropy(
                hidden: hidden, weight: try head, targets: targets)
        }
        let logits = try logits(of: hidden)
        let chosen = logits.takeAlong(targets.expanded(at: -1), axis: -1).squeezed(at: -1)
        return logits.logSumExp(axis: -1) - chosen
    }
}

extension [Float] {
    /// Splits the array into pieces of given lengths.
    func split(into counts: [Int]) -> [[Float]] {
        var rest = self[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
}
