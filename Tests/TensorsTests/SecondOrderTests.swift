// SPDX-License-Identifier: Apache-2.0
// Gradients of gradients: those of a decoder's layers, as kernels and composed, against PyTorch's
// double backward and against finite differences of first-order gradients.

import Tensors
import Testing

@Suite("Second-order gradients")
struct SecondOrderTests {
    typealias Layer = LayerGolden.Case.Layer

    /// The loss of `make-second-order.py`, which is not linear in the outputs.
    static func loss(_ outputs: [Tensor]) -> Tensor {
        outputs.enumerated().reduce(Tensor(0)) { sum, output in
            let value = output.element
            return sum
                + ((value.square() * 0.5 + value) * noise(500 + output.offset, value.shape))
                .sum()
        }
    }

    /// The gradients of a layer's loss to some of its inputs.
    static func gradients(
        of layer: @escaping Layer, at inputs: [Tensor], wanted: [Int], checkpointing: Bool = false
    ) throws -> [Tensor] {
        try valueAndGradient(at: wanted.map { inputs[$0] }) { some in
            var all = inputs
            for (index, tensor) in zip(wanted, some) { all[index] = tensor }
            return loss(try checkpointing ? checkpointed(all, layer) : layer(all))
        }.gradients
    }

    /// The gradients, to all inputs, of the product of the first-order gradients with a vector.
    static func second(
        of layer: @escaping Layer, at inputs: [Tensor], wanted: [Int], checkpointing: Bool = false
    ) throws -> [Tensor] {
        try valueAndGradient(at: inputs) { inputs in
            let found = try gradients(
                of: layer, at: inputs, wanted: wanted, checkpointing: checkpointing)
            return zip(wanted, found).reduce(Tensor(0)) { sum, pair in
                sum + (pair.1 * noise(700 + pair.0, pair.1.shape)).sum()
            }
        }.gradients
    }

    func check(_ test: LayerGolden.Case, kernels: Bool, _ layer: @escaping Layer) throws {
        let wanted = try #require(test.second)
        try computing(withKernels: kernels) {
            let inputs = test.tensors
            let all = Array(inputs.indices)
            let first = try Self.gradients(of: layer, at: inputs, wanted: all)
            for (index, (gradient, wanted)) in zip(first, test.gradients).enumerated() {
                try expectAgreement(gradient, wanted, "gradient \(index)")
            }
            for checkpointing in [false, true] {
                let second = try Self.second(
                    of: layer, at: inputs, wanted: all, checkpointing: checkpointing)
                #expect(second.map(\.shape) == inputs.map(\.shape))
                for (index, (gradient, wanted)) in zip(second, wanted).enumerated() {
                    try expectAgreement(
                        gradient, wanted, "second \(index), checkpoint \(checkpointing)")
                }
            }
            // What is asked for alone: a kernel's gradient then has fewer outputs.
            let parts = try all.map { try Self.second(of: layer, at: inputs, wanted: [$0]) }
            for (index, wanted) in wanted.enumerated() {
                let sum = parts.dropFirst().reduce(parts[0][index]) { $0 + $1[index] }
                try expectAgreement(sum, wanted, "sum of parts \(index)")
            }
            try expectFiniteDifferences(layer, inputs)
        }
    }

    /// Compares with the change of the first-order gradients along one direction.
    func expectFiniteDifferences(_ layer: @escaping Layer, _ inputs: [Tensor]) throws {
        let step: Float = 1e-2
        let directions = inputs.enumerated().map { noise(900 + $0.offset, $0.element.shape) }
        func product(_ tensors: [Tensor], _ seed: Int) throws -> Double {
            try zip(tensors, tensors.indices).reduce(0) { sum, pair in
                let vector = noiseValues(seed + pair.1, pair.0.count)
                return zip(try pair.0.values(), vector).reduce(sum) {
                    $0 + Double($1.0) * Double($1.1)
                }
            }
        }
        let ends = try [-step, step].map { change in
            let moved = zip(inputs, directions).map { $0 + $1 * change }
            let gradients = try Self.gradients(
                of: layer, at: moved, wanted: Array(inputs.indices))
            return try product(gradients, 700)
        }
        let difference = (ends[1] - ends[0]) / Double(2 * step)
        let second = try Self.second(of: layer, at: inputs, wanted: Array(inputs.indices))
        let found = try product(second, 900)
        let size = try zip(second, directions).reduce(Float(0)) {
            $0 + (try ($1.0 * $1.1).abs().sum().item())
        }
        #expect(
            abs(found - difference) <= 3e-3 * Double(size),
            "\(found), but the difference of gradients is \(difference)")
    }

    @Test(
        "the loss of a head", arguments: LayerGolden.second?.crossEntropy ?? [], [true, false])
    func crossEntropy(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.crossEntropy)
    }

    @Test("gated units", arguments: LayerGolden.second?.gated ?? [], [true, false])
    func gated(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.gated)
    }

    @Test("causal attention", arguments: LayerGolden.second?.attention ?? [], [true, false])
    func attention(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.attention)
    }

    @Test("projections", arguments: LayerGolden.second?.projection ?? [], [true, false])
    func projections(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.projection)
    }

    @Test("norms", arguments: LayerGolden.second?.norm ?? [], [true, false])
    func norms(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.norm)
    }

    @Test("the golden has cases of each layer")
    func goldens() throws {
        let golden = try #require(LayerGolden.second)
        for cases in [
            golden.crossEntropy, golden.gated, golden.attention, golden.projection, golden.norm,
        ] { #expect(cases.count >= 2) }
    }

    @Test("the divergence of heads has the second-order gradient of finite differences")
    func divergence() throws {
        let inputs = [noise(1, [5, 4]), noise(2, [9, 4]), noise(3, [5, 6]), noise(4, [9, 6])]
        try expectFiniteDifferences(
            {
                [
                    .linearDivergence(
                        hidden: $0[0], weight: $0[1], from: (hidden: $0[2], weight: $0[3]))
                ]
            }, inputs)
    }

    @Test(
        "the engine's attention for every mask, beside finite differences",
        arguments: [true, false])
    func engineAttention(kernels: Bool) throws {
        let inputs = [noise(1, [2, 4, 3, 6]), noise(2, [2, 2, 5, 6]), noise(3, [2, 2, 5, 6])]
        let allowed = Tensor(
            (0..<15).map { $0 % 4 != 1 }, shape: [1, 1, 3, 5])
        try computing(withKernels: kernels) {
            for mask in [
                .none, .causal, .tensor(allowed), .tensor(noise(4, [2, 4, 3, 5])),
            ] as [AttentionMask] {
                let layer: Layer = {
                    [.attention(queries: $0[0], keys: $0[1], values: $0[2], scale: 0.7, mask: mask)]
                }
                try expectFiniteDifferences(layer, inputs)
                // Inside of another gradient it is made of other operations.
                let once = try Self.gradients(of: layer, at: inputs, wanted: [0, 1, 2])
                _ = try valueAndGradient(at: inputs) { outer in
                    let nested = try Self.gradients(of: layer, at: inputs, wanted: [0, 1, 2])
                    for (one, other) in zip(once, nested) {
                        try expectClose(other, one.values(), rtol: 1e-4, atol: 1e-5)
                    }
                    return outer[0].sum()
                }
            }
        }
    }

    @Test("a norm without weight and rotary positions, beside finite differences")
    func engineLayers() throws {
        for kernels in [true, false] {
            try computing(withKernels: kernels) {
                try expectFiniteDifferences(
                    { [$0[0].rmsNorm(epsilon: 1e-5)] }, [noise(1, [4, 6])])
                try expectFiniteDifferences(
                    { [$0[0].rope(dimensions: 4, base: 100)] }, [noise(1, [1, 2, 5, 6])])
            }
        }
    }

    @Test("derivatives of a gated unit go on to the fourth order", arguments: [true, false])
    func higherOrders(kernels: Bool) throws {
        // silu(x) x, whose derivatives at 0 are 0, 0, 1, 3/2, 0 ...
        func derivative(_ order: Int, _ x: Tensor) throws -> Tensor {
            if order == 0 { return .swiGLU(gate: x, up: x) }
            return try valueAndGradient(at: [x]) { try derivative(order - 1, $0[0]).sum() }
                .gradients[0]
        }
        try computing(withKernels: kernels) {
            for (order, wanted) in [0, 0, 1, 1.5, 0].enumerated() {
                try expectClose(derivative(order, .zeros([1])), [Float(wanted)], atol: 1e-5)
            }
        }
    }
}
