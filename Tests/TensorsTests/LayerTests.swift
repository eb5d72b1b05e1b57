// SPDX-License-Identifier: Apache-2.0
// The layers of a decoder, as kernels and composed, against PyTorch in double precision.

import Foundation
import Tensors
import Testing

/// What `make-layers.py` wrote.
struct LayerGolden: Decodable {
    struct Input: Decodable {
        let shape: [Int]
        let scale: Float
    }

    struct Summary: Decodable {
        let norm: Double
        let products: [Double]
    }

    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let inputs: [Input]
        let outputs: [Summary]
        let gradients: [Summary]
        var targets: [Int32]?
        var frequencies: [Float]?
        var segments: [[Int]]?
        var window: Int?
        var scale: Float?
        var cap: Float?
        var count: Int?
        var rank: Int?
        var bias: Bool?

        var testDescription: String { name }
    }

    let crossEntropy: [Case]
    let gated: [Case]
    let attention: [Case]
    let projection: [Case]
    let norm: [Case]

    static let shared: LayerGolden? = try? golden("layers")
}

/// The hash of `make-layers.py`: numbers in [-1, 1).
func noise(_ seed: Int, _ shape: [Int], scale: Float = 1) -> Tensor {
    Tensor(noiseValues(seed, shape.reduce(1, *)).map { $0 * scale }, shape: shape)
}

func noiseValues(_ seed: Int, _ count: Int) -> [Float] {
    (0..<count).map { index in
        var h = UInt32(truncatingIfNeeded: index + 1) &* 0x9E37_79B1
        h &+= UInt32(truncatingIfNeeded: seed &* 0x85EB_CA77)
        h ^= h >> 16
        h &*= 0x7FEB_352D
        h ^= h >> 15
        h &*= 0x846C_A68B
        h ^= h >> 16
        return Float(h >> 8) / 8_388_608 - 1
    }
}

extension CPUTests {
    @Suite("Layers")
    struct LayerTests {
        typealias Layer = ([Tensor]) throws -> [Tensor]

        /// Compares outputs and gradients of a layer, also under a checkpoint.
        func check(_ test: LayerGolden.Case, kernels: Bool, _ layer: @escaping Layer) throws {
            Engine.enableKernels(kernels)
            defer { Engine.enableKernels(true) }
            let inputs = test.inputs.enumerated().map {
                noise($0.offset + 1, $0.element.shape, scale: $0.element.scale)
            }
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
                try expectAgreement(gradients[0], test.gradients[index], "gradient \(index) alone")
            }
        }

        func expectAgreement(_ tensor: Tensor, _ wanted: LayerGolden.Summary, _ what: String) throws
        {
            let values = try tensor.values().map(Double.init)
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // A gradient that cancels to zero is left with the rounding of its terms.
            let bound = 1e-4 * wanted.norm + 3e-6
            #expect(abs(norm - wanted.norm) <= bound, "\(what): norm \(norm), not \(wanted.norm)")
            for (index, product) in wanted.products.enumerated() {
                let vector = noiseValues(1000 + index, values.count)
                let got = zip(values, vector).reduce(0) { $0 + $1.0 * Double($1.1) }
                #expect(
                    abs(got - product) <= bound, "\(what): product \(index) \(got), not \(product)")
            }
        }

        @Test("losses of a head", arguments: LayerGolden.shared?.crossEntropy ?? [], [true, false])
        func crossEntropy(test: LayerGolden.Case, kernels: Bool) throws {
            let targets = try #require(test.targets)
            try check(test, kernels: kernels) { inputs in
                [
                    .linearCrossEntropy(
                        hidden: inputs[0], weight: inputs[1],
                        targets: Tensor(targets, shape: [targets.count]))
                ]
            }
        }

        @Test(
            "divergences of heads, beside sums in double precision",
            arguments: [(1, 3, 5, 7), (7, 33, 33, 513), (129, 40, 16, 1537), (300, 8, 8, 1024)],
            [true, false])
        func divergence(size: (rows: Int, width: Int, other: Int, vocabulary: Int), kernels: Bool)
            throws
        {
            Engine.enableKernels(kernels)
            defer { Engine.enableKernels(true) }
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
            try check(test, kernels: kernels) { inputs in
                switch test.name {
                case "silu": [.swiGLU(gate: inputs[0], up: inputs[1])]
                case "gelu": [.geGLU(gate: inputs[0], up: inputs[1], approximate: false)]
                default: [.geGLU(gate: inputs[0], up: inputs[1])]
                }
            }
        }

        @Test("causal attention", arguments: LayerGolden.shared?.attention ?? [], [true, false])
        func attention(test: LayerGolden.Case, kernels: Bool) throws {
            let frequencies = try #require(test.frequencies)
            let segments = try #require(test.segments).map {
                Segment(length: $0[0], parent: $0[1] < 0 ? nil : $0[1])
            }
            let rule = AttentionRule(
                frequencies: Tensor(frequencies, shape: [frequencies.count]),
                window: try #require(test.window), scale: try #require(test.scale),
                softCap: try #require(test.cap))
            try check(test, kernels: kernels) { inputs in
                [
                    .causalAttention(
                        queries: inputs[0], keys: inputs[1], values: inputs[2],
                        segments: segments, rule: rule)
                ]
            }
        }

        @Test("projections", arguments: LayerGolden.shared?.projection ?? [], [true, false])
        func projections(test: LayerGolden.Case, kernels: Bool) throws {
            let count = try #require(test.count)
            try check(test, kernels: kernels) { inputs in
                var rest = inputs.dropFirst()
                let projections = (0..<count).map { _ in
                    var projection = Projection(weight: rest.removeFirst())
                    if test.bias == true { projection.bias = rest.removeFirst() }
                    if test.rank != 0 {
                        let down = rest.removeFirst()
                        projection.lowRank = .init(down: down, up: rest.removeFirst(), scale: 2)
                    }
                    return projection
                }
                return inputs[0].projected(by: projections)
            }
        }

        @Test("residual norms", arguments: LayerGolden.shared?.norm ?? [], [true, false])
        func norms(test: LayerGolden.Case, kernels: Bool) throws {
            try check(test, kernels: kernels) { inputs in
                let (sum, normalised) = inputs[0].addingThenRMSNorm(
                    inputs[1], weight: inputs[2], epsilon: 1e-5)
                return [sum, normalised]
            }
        }
    }
}
