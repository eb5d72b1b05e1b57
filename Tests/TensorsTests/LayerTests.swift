// SPDX-License-Identifier: Apache-2.0
// The layers of a decoder, as kernels and composed, against PyTorch in double precision.

import Foundation
import Tensors
import Testing

@Suite("Layers")
struct LayerTests {
    /// Compares outputs and gradients of a layer, also under a checkpoint.
    func check(_ test: LayerGolden.Case, kernels: Bool, _ layer: @escaping LayerGolden.Case.Layer)
        throws
    {
        try computing(withKernels: kernels) {
            let inputs = test.tensors
            let outputs = try layer(inputs)
            #expect(outputs.count == test.outputs.count)
            for (index, (output, wanted)) in zip(outputs, test.outputs).enumerated() {
                try expectAgreement(output, wanted, "output \(index)")
            }
            for checkpointing in [false, true] {
                let (_, gradients) = try valueAndGradient(at: inputs) { inputs in
                    let outputs =
                        checkpointing
                        ? try checkpointed(inputs, layer)
                        : try layer(inputs)
                    return outputs.enumerated().reduce(Tensor(0)) { sum, output in
                        sum
                            + (output.element * noise(500 + output.offset, output.element.shape))
                            .sum()
                    }
                }
                for (index, (gradient, wanted)) in zip(gradients, test.gradients).enumerated() {
                    #expect(gradient.shape == test.inputs[index].shape)
                    try expectAgreement(
                        gradient, wanted, "gradient \(index), checkpoint \(checkpointing)")
                }
            }
            // Each gradient by itself: what is not asked for must not be needed by what is.
            for index in inputs.indices {
                let (_, gradients) = try valueAndGradient(at: [inputs[index]]) { one in
                    var all = inputs
                    all[index] = one[0]
                    return try layer(all).enumerated().reduce(Tensor(0)) { sum, output in
                        sum
                            + (output.element * noise(500 + output.offset, output.element.shape))
                            .sum()
                    }
                }
                try expectAgreement(
                    gradients[0], test.gradients[index], "gradient \(index) alone")
            }
        }
    }

    @Test("losses of a head", arguments: LayerGolden.shared?.crossEntropy ?? [], [true, false])
    func crossEntropy(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.crossEntropy)
    }

    @Test(
        "divergences of heads, beside sums in double precision",
        arguments: [(1, 3, 5, 7), (7, 33, 33, 513), (129, 40, 16, 1537), (300, 8, 8, 1024)],
        [true, false])
    func divergence(size: (rows: Int, width: Int, other: Int, vocabulary: Int), kernels: Bool)
        throws
    {
        try computing(withKernels: kernels) {
            var key = RandomKey(seed: 9)
            func head(_ width: Int) -> (hidden: Tensor, weight: Tensor) {
                (
                    Tensor.normal([size.rows, width], key: key.next()),
                    Tensor.normal([size.vocabulary, width], key: key.next())
                )
            }
            let (mine, reference) = (head(size.width), head(size.other))
            let found = try Tensor.linearDivergence(
                hidden: mine.hidden, weight: mine.weight, from: reference
            ).values()
            func logProbabilities(_ head: (hidden: Tensor, weight: Tensor)) throws -> [[Double]] {
                let (hidden, weight) = try (head.hidden.values(), head.weight.values())
                let width = head.hidden.shape[1]
                return (0..<size.rows).map { row in
                    let logits = (0..<size.vocabulary).map { token in
                        (0..<width).reduce(0.0) {
                            $0 + Double(hidden[row * width + $1])
                                * Double(weight[token * width + $1])
                        }
                    }
                    let greatest = logits.max() ?? 0
                    let sum = greatest + log(logits.reduce(0) { $0 + exp($1 - greatest) })
                    return logits.map { $0 - sum }
                }
            }
            let (truths, guesses) = try (logProbabilities(reference), logProbabilities(mine))
            for (value, (truth, guess)) in zip(found, zip(truths, guesses)) {
                let expected = zip(truth, guess).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
                #expect(abs(Double(value) - expected) <= 1e-4 * max(1, expected))
            }
            #expect(found.count == size.rows)
        }
    }

    @Test("a target outside the vocabulary is an error")
    func targetOutside() throws {
        for target in [-1, 5] as [Int32] {
            let loss = Tensor.linearCrossEntropy(
                hidden: .ones([2, 3]), weight: .ones([5, 3]),
                targets: Tensor([0, target], shape: [2]))
            let error = #expect(throws: TensorError.self) { try loss.values() }
            #expect(error?.message.contains("row 1 is \(target)") == true)
        }
        try expectClose(Tensor.ones([3]).sum(), [3])
    }

    @Test("gated units", arguments: LayerGolden.shared?.gated ?? [], [true, false])
    func gated(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.gated)
    }

    @Test("causal attention", arguments: LayerGolden.shared?.attention ?? [], [true, false])
    func attention(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.attention)
    }

    @Test("projections", arguments: LayerGolden.shared?.projection ?? [], [true, false])
    func projections(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.projection)
    }

    @Test("residual norms", arguments: LayerGolden.shared?.norm ?? [], [true, false])
    func norms(test: LayerGolden.Case, kernels: Bool) throws {
        try check(test, kernels: kernels, test.norm)
    }
}
