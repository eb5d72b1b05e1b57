// SPDX-License-Identifier: Apache-2.0
// A mixture of experts (arXiv:2101.03961): a router chooses the experts of each token.

import Tensors

/// Experts with their router.
struct ExpertNetwork {
    private let experts: DecoderConfiguration.Experts
    private var router: Projection
    /// With an axis of experts in front.
    private var gate: Projection
    private var up: Projection
    private var down: Projection
    /// The expert that every token takes, and the gate of its output.
    private var shared: [Projection]

    /// Finds the parameters of a layer.
    ///
    /// - Parameters:
    ///   - experts: The configuration.
    ///   - layer: The layer, counted from 0.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(
        _ experts: DecoderConfiguration.Experts, layer: Int, of model: LanguageModel
    ) throws {
        func weight(_ name: String) throws -> Tensor {
            try model.weight("model.layers.\(layer).mlp.\(name)")
        }
        self.experts = experts
        router = Projection(
            weight: try weight("router.weight"),
            bias: experts.routerIsBiased ? try weight("router.bias") : nil)
        gate = try model.projection(.gate, layer: layer)
        up = try model.projection(.up, layer: layer)
        down = try model.projection(.down, layer: layer)
        let names = ["_expert.gate_proj", "_expert.up_proj", "_expert.down_proj", "_expert_gate"]
        shared =
            experts.sharedWidth == 0
            ? [] : try names.map { Projection(weight: try weight("shared\($0).weight")) }
    }

    /// Computes the experts of each token.
    ///
    /// - Parameter input: `[tokens, width]`.
    /// - Returns: `[tokens, width]`.
    func callAsFunction(_ input: Tensor) -> Tensor {
        let logits = input.projected(by: router)
        // [tokens, experts of a token]
        let chosen = (-logits.stopGradient()).argSorted(axis: -1)
            .slice(axis: -1, from: 0, to: experts.perToken)
        let weights =
            experts.weightsAddUp
            ? logits.takeAlong(chosen, axis: -1).softmax(axis: -1)
            : logits.softmax(axis: -1).takeAlong(chosen, axis: -1)
        let mixed = (outputs(of: input, chosen) * weights.expanded(at: -1)).sum(axis: 1)
        return sharedOutput(of: input).map { mixed + $0 } ?? mixed
    }

    /// Returns the outputs of the chosen experts, `[tokens, experts of a token, width]`.
    private func outputs(of input: Tensor, _ chosen: Tensor) -> Tensor {
        guard let blocks = ExpertBlocks(chosen, expertCount: experts.count) else {
            return outputs(of: input.expanded(at: 1).expanded(at: 1), by: chosen).squeezed(at: 2)
        }
        let found = outputs(of: blocks.gathered(input), by: blocks.experts)
        return blocks.scattered(found).reshaped(chosen.shape + [-1])
    }

    /// Returns the outputs of experts for blocks of rows, `[blocks, n, rows, width]`.
    private func outputs(of rows: Tensor, by chosen: Tensor) -> Tensor {
        let inner = experts.activation.gated(
            gate.gathered(rows, by: chosen), up.gathered(rows, by: chosen))
        return down.gathered(inner, by: chosen)
    }

    private func sharedOutput(of input: Tensor) -> Tensor? {
        guard shared.count == 4 else { return nil }
        let found = input.projected(by: [shared[0], shared[1], shared[3]])
        return experts.activation.gated(found[0], found[1]).projected(by: shared[2])
            * found[2].sigmoid()
    }

    /// Visits every tensor in a fixed order.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        router.forEachTensor(body)
        gate.forEachTensor(body)
        up.forEachTensor(body)
        down.forEachTensor(body)
        for index in shared.indices { shared[index].forEachTensor(body) }
    }
}

extension Projection {
    /// Applies the projection of chosen experts.
    ///
    /// - Parameters:
    ///   - input: `[blocks, n or 1, rows, inputs]`.
    ///   - chosen: `[blocks, n]`, the experts of each block.
    /// - Returns: `[blocks, n, rows, outputs]`.
    fileprivate func gathered(_ input: Tensor, by chosen: Tensor) -> Tensor {
        var found = input.gatherMatmul(weight.transposed(), at: chosen)
        if let bias { found = found + bias.take(chosen, axis: 0).expanded(at: 2) }
        guard let lowRank else { return found }
        let added = input.gatherMatmul(lowRank.down.transposed(), at: chosen)
            .gatherMatmul(lowRank.up.transposed(), at: chosen)
        return found + added * lowRank.scale
    }
}
