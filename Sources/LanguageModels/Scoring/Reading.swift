// SPDX-License-Identifier: Apache-2.0
// A forward pass of a model over texts, from which several results are computed.

import JSONText
import Tensors

/// The hidden states of a model after every token of some texts.
///
/// Log-probabilities of the texts and divergences from another model need no further pass through
/// the layers.
public struct Reading: Sendable {
    /// The number of rows of logits that are held at once.
    fileprivate static let chunk = 512

    private let model: LanguageModel
    private let texts: [[Int]]
    /// The residual stream before the final norm, `[tokens, width]` for each text.
    private let states: [Tensor]

    /// Runs the forward pass over texts.
    ///
    /// - Parameters:
    ///   - texts: Token identifiers; none empty.
    ///   - model: The model.
    ///   - edit: A change of the residual stream.
    /// - Throws: `InputError` for empty or too long texts.
    public init(of texts: [[Int]], by model: LanguageModel, edit: ResidualEdit? = nil) throws {
        try model.checkPrompts(texts)
        for text in texts { try model.checkTokens(text, arePredicted: true) }
        var states = [Tensor](repeating: Tensor(0), count: texts.count)
        for places in ScoringBatches.places(texts) {
            let batch = TokenBatch(places.map { texts[$0] }, for: model.configuration)
            let stream = try model.residualStream(of: batch, edit: edit).evaluated()
            for (sequence, place) in places.enumerated() {
                let rows = batch.places(of: sequence, 0..<texts[place].count)
                states[place] = stream.take(Tensor(Array(rows), shape: [rows.count]), axis: 0)
            }
        }
        try evaluate(states)
        (self.model, self.texts, self.states) = (model, texts, states)
    }

    /// Returns the log-probability of each token of each text after its first.
    ///
    /// - Returns: The log-probabilities of each text in nats, one fewer than it has tokens.
    /// - Throws: `TensorError` when the engine fails.
    public func logProbabilities() throws -> [[Float]] {
        let targets = texts.flatMap { $0.dropFirst().map { Int32($0) } }
        let rows = zip(states, texts).filter { $1.count > 1 }.map { states, text in
            states.slice(axis: 0, from: 0, to: text.count - 1)
        }
        guard !rows.isEmpty else { return texts.map { _ in [] } }
        let values = try model.losses(
            of: Tensor(targets, shape: [targets.count]),
            after: Tensor.concatenated(rows, axis: 0)
        ).values().map { -$0 }
        return values.split(into: texts.map { $0.count - 1 })
    }

    /// Returns the divergence of this model's predictions from another's. For each text of the
    /// other forward pass, it is the mean over the positions of KL(reference || this model).
    ///
    /// - Parameter reference: The forward pass of the reference model over the same texts, or over
    ///   the first of them.
    /// - Returns: The divergence of each text, in nats.
    /// - Throws: `InputError` for other texts or another vocabulary.
    public func divergences(from reference: Reading) throws -> [Float] {
        let sizes = [model, reference.model].map(\.configuration.vocabularySize)
        guard sizes[0] == sizes[1], texts.starts(with: reference.texts) else {
            throw InputError(
                "model \(reference.model.name)", "read other texts or has another vocabulary",
                remedy: "compare models with the same tokenizer on the same texts")
        }
        let counts = reference.texts.map(\.count)
        guard !counts.isEmpty else { return [] }
        let pair = (
            Tensor.concatenated(Array(states.prefix(counts.count)), axis: 0),
            Tensor.concatenated(reference.states, axis: 0)
        )
        let values = try model.divergences(behind: pair.0, from: reference.model, behind: pair.1)
        return values.split(into: counts).map { $0.reduce(0, +) / Float($0.count) }
    }
}

extension LanguageModel {
    /// Returns KL(reference || this model) after rows of the residual streams, `[rows, width]`
    /// each.
    fileprivate func divergences(
        behind rows: Tensor, from reference: LanguageModel, behind truths: Tensor
    ) throws -> [Float] {
        guard !configuration.headIsLinear || !reference.configuration.headIsLinear else {
            return try Tensor.linearDivergence(
                hidden: normalised(rows), weight: head,
                from: (reference.normalised(truths), reference.head)
            ).values()
        }
        let total = rows.shape.first ?? 0
        return try stride(from: 0, to: total, by: Reading.chunk).flatMap { start in
            func piece(_ rows: Tensor, _ model: LanguageModel) throws -> Tensor {
                let end = min(start + Reading.chunk, total)
                let part = rows.slice(axis: 0, from: start, to: end)
                return try model.logits(of: model.normalised(part)).logSoftmax(axis: -1)
            }
            let truth = try piece(truths, reference)
            return try (truth.exp() * (truth - piece(rows, self))).sum(axis: -1).values()
        }
    }
}
