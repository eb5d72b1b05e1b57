// SPDX-License-Identifier: Apache-2.0
// One layer of the decoder: attention and a feed-forward network, both residual.

import Tensors

/// The parameters of one layer.
struct DecoderLayer {
    private let index: Int
    private var attention: AttentionBlock
    private var feedForward: FeedForwardNetwork
    /// The norms in front of the blocks and behind them, as far as the arrangement has them.
    private var attentionInput: Norm?
    private var attentionOutput: Norm?
    private var feedForwardInput: Norm?
    private var feedForwardOutput: Norm?
    private let isParallel: Bool
    private let residualScale: Float

    /// Finds the layer's parameters.
    ///
    /// - Parameters:
    ///   - index: The layer, counted from 0.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(_ index: Int, of model: LanguageModel) throws {
        func norm(_ name: String?) throws -> Norm? {
            try name.map { try Norm("model.layers.\(index).\($0)", of: model) }
        }
        let configuration = model.configuration
        let names = configuration.arrangement.norms
        self.index = index
        attention = try AttentionBlock(layer: index, of: model)
        feedForward = try FeedForwardNetwork(layer: index, of: model)
        attentionInput = try norm(names.attentionInput)
        attentionOutput = try norm(names.attentionOutput)
        feedForwardInput = try norm(names.feedForwardInput)
        feedForwardOutput = try norm(names.feedForwardOutput)
        isParallel = configuration.arrangement == .parallel
        residualScale = configuration.residualScale
    }

    /// Computes the layer.
    ///
    /// - Parameters:
    ///   - stream: The residual stream, which is read and added to.
    ///   - layout: Positions and masks.
    ///   - cache: Keys and values so far.
    ///   - observe: Receives the inputs of the projections that write to the stream.
    func forward(
        _ stream: inout ResidualStream, layout: AttentionLayout, cache: inout KeyValueCache?,
        observe: ((LayerProjection, Tensor) -> Void)? = nil
    ) {
        stream.enter(layer: index)
        let input = stream.read(by: attentionInput)
        let found = attention(input, layout: layout, cache: &cache) { observe?(.output, $0) }
        stream.add(attentionOutput?(found) ?? found)
        let read = isParallel ? input : stream.read(by: feedForwardInput)
        let inner = feedForward(read) { observe?(.down, $0) }
        stream.add(feedForwardOutput?(inner) ?? inner)
    }

    /// Computes the layer such that its intermediate results are dropped, and computed again in the
    /// backward pass.
    ///
    /// - Parameters:
    ///   - stream: The residual stream, `[tokens, width]`.
    ///   - layout: Positions and masks.
    /// - Returns: The residual stream after the layer.
    /// - Throws: `TensorError` when the layer cannot be computed.
    func recomputed(_ stream: Tensor, layout: AttentionLayout) throws -> Tensor {
        var inputs = [stream]
        var visited = self
        visited.forEachTensor { inputs.append($0) }
        let outputs = try checkpointed(inputs) { inputs in
            var layer = self
            var rest = inputs.dropFirst()
            layer.forEachTensor { $0 = rest.popFirst() ?? $0 }
            var cache: KeyValueCache?
            var stream = ResidualStream(
                inputs.first ?? stream, scale: residualScale, edit: nil)
            layer.forward(&stream, layout: layout, cache: &cache)
            return [stream.value]
        }
        return outputs.first ?? stream
    }

    /// Visits every tensor in a fixed order: gradients flow only to the inputs of the
    /// recomputation.
    private mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        attentionInput?.forEachTensor(body)
        attention.forEachTensor(body)
        attentionOutput?.forEachTensor(body)
        feedForwardInput?.forEachTensor(body)
        feedForward.forEachTensor(body)
        feedForwardOutput?.forEachTensor(body)
    }
}
