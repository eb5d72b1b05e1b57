// SPDX-License-Identifier: Apache-2.0
// The forward pass: tokens to hidden states, hidden states to logits.

import JSONText
public import Tensors

extension LanguageModel {
    /// Computes logits from hidden states.
    ///
    /// - Parameter hidden: What ``normalised(_:)`` returns, `[..., width]`.
    /// - Returns: `[..., vocabulary]`.
    /// - Throws: `InputError` when the head is missing.
    func logits(of hidden: Tensor) throws -> Tensor {
        let bias = configuration.headIsBiased ? try weight("lm_head.bias") : nil
        let logits = hidden.projected(by: Projection(weight: try head, bias: bias))
        guard let cap = configuration.logitSoftCap else { return logits }
        return (logits * (1 / cap)).tanh() * cap
    }

    /// Returns the residual stream in front of each layer and after the last, before the final
    /// norm.
    ///
    /// - Parameters:
    ///   - batch: The tokens.
    ///   - positions: The positions, counted from the end: -1 is the last token of each sequence.
    ///   - layers: The number of first layers that are computed; nil means all.
    ///   - edit: A change of the residual stream.
    /// - Returns: `[layers + 1, sequences, positions, width]`.
    /// - Throws: `InputError` when a weight is missing or a position is outside.
    public func residualStates(
        _ batch: TokenBatch, positions: [Int], layers: Int? = nil, edit: ResidualEdit? = nil
    ) throws -> Tensor {
        guard let shortest = batch.lengths.min(), shortest > 0 else {
            throw InputError("batch", "is empty", remedy: "give at least one token")
        }
        try checkLength(batch.length)
        for position in positions where position >= 0 || position < -shortest {
            throw InputError(
                "position \(position)", "is not in -\(shortest)...(-1)",
                remedy: "choose positions that every sequence has, counted from the end")
        }
        let places = batch.lengths.enumerated().flatMap { sequence, length in
            positions.flatMap { batch.places(of: sequence, length + $0..<length + $0 + 1) }
        }
        let rows = Tensor(places, shape: [batch.count, positions.count])
        var states: [Tensor] = []
        var none: KeyValueCache?
        _ = try residualStream(
            .sequences(batch), cache: &none, layers: layers, edit: edit,
            observe: { states.append($0.take(rows, axis: 0)) })
        return Tensor.stacked(states, axis: 0)
    }

    /// `[vocabulary, width]`.
    var head: Tensor {
        get throws {
            try weight(
                configuration.headIsTied ? "model.embed_tokens.weight" : "lm_head.weight")
        }
    }

    /// Returns what the head reads, `[..., width]`: the stream after the last layer, normalised and
    /// multiplied by the factor of logits.
    func normalised(_ stream: Tensor) throws -> Tensor {
        scaled(try Norm("model.norm", of: self)(stream))
    }

    /// Returns the same for a stream whose last sum is open.
    func normalised(_ stream: inout ResidualStream) throws -> Tensor {
        scaled(stream.read(by: try Norm("model.norm", of: self)))
    }

    private func scaled(_ hidden: Tensor) -> Tensor {
        configuration.logitScale == 1 ? hidden : hidden * configuration.logitScale
    }

    /// Returns the residual stream after the last computed layer, before the final norm.
    ///
    /// - Parameters:
    ///   - pass: The tokens.
    ///   - cache: The keys and values of earlier tokens, extended by this pass.
    ///   - layers: The number of first layers that are computed; nil means all.
    ///   - edit: A change of the residual stream.
    ///   - recomputing: Whether layers are computed again in the backward pass, to save memory.
    ///     Layers of an edited stream are not.
    ///   - observe: Receives the stream in front of each layer and after the last; what it throws
    ///     ends the pass.
    ///   - observeInputs: Receives the inputs of a layer's projections that write to the stream;
    ///     not for layers that are computed again.
    /// - Returns: The stream, `[tokens, width]`.
    /// - Throws: `InputError` when a weight is missing; errors of `observe`.
    func residualStream(
        _ pass: ForwardPass, cache: inout KeyValueCache?, layers: Int? = nil,
        edit: ResidualEdit? = nil, recomputing: Bool = false,
        observe: ((Tensor) throws -> Void)? = nil,
        observeInputs: ((LayerProjection, Tensor) -> Void)? = nil
    ) throws -> ResidualStream {
        let layout = AttentionLayout(configuration, pass: pass, cache: cache)
        var start = try embeddings(of: pass.tokens)
        if configuration.embeddingScale != 1 { start = start * configuration.embeddingScale }
        let scale = configuration.residualScale
        var stream = ResidualStream(start, scale: scale, edit: edit)
        let count = min(layers ?? configuration.layerCount, configuration.layerCount)
        for index in 0..<max(count, 0) {
            try observe?(stream.value)
            let layer = try DecoderLayer(index, of: self)
            if recomputing, edit == nil {
                let value = try layer.recomputed(stream.value, layout: layout)
                stream = ResidualStream(value, scale: scale, edit: nil)
            } else {
                layer.forward(&stream, layout: layout, cache: &cache, observe: observeInputs)
            }
        }
        try observe?(stream.value)
        switch pass {
        case .sequences(let batch): cache?.begin(batch)
        case .next: cache?.advance()
        }
        return stream
    }

    /// Returns the residual stream after sequences, before the final norm, `[tokens, width]`.
    func residualStream(
        of batch: TokenBatch, edit: ResidualEdit? = nil, recomputing: Bool = false
    ) throws -> Tensor {
        var none: KeyValueCache?
        return try residualStream(
            .sequences(batch), cache: &none, edit: edit, recomputing: recomputing
        ).value
    }

    func checkLength(_ length: Int) throws {
        guard length > configuration.contextLength else { return }
        throw InputError(
            "a sequence of \(length) tokens",
            "is longer than the model's context of \(configuration.contextLength)",
            remedy: "shorten the text")
    }
}
