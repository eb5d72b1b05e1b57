// SPDX-License-Identifier: Apache-2.0
// Gradients of Swift functions: right, rethrowing, and recomputed.

import Tensors
import Testing

@Suite("Differentiation")
struct DifferentiationTests {
    struct Interruption: Error, Equatable {
        let place: String
    }

    @Test("the loss and gradients of a network agree with PyTorch")
    func network() throws {
        let golden = try TensorGolden.load().network
        let network = Network(golden)
        let (loss, gradients) = try valueAndGradient(at: network.parameters, of: network.loss)
        try evaluate([loss] + gradients)
        try expectClose(loss, [golden.loss])
        for (gradient, wanted) in zip(gradients, golden.gradients) {
            try expectClose(gradient, wanted, rtol: 1e-4, atol: 1e-6)
        }
        let (clipped, norm) = clippedByGlobalNorm(gradients, maximum: 0.5)
        try expectClose(norm, [golden.norm])
        for (gradient, wanted) in zip(clipped, golden.clipped) {
            try expectClose(gradient, wanted, rtol: 1e-4, atol: 1e-6)
        }
        let (kept, _) = clippedByGlobalNorm(gradients, maximum: 100)
        try expectClose(kept[0], golden.gradients[0], rtol: 1e-4)
    }

    @Test(
        "gradients agree with finite differences",
        arguments: [
            { $0.square().sum() }, { $0.softmax(axis: -1).log().mean() },
            { ($0.exp() / ($0.square() + 1)).sum() }, { $0.logSumExp(axis: 1).sum() },
            { $0.rmsNorm(epsilon: 1e-5).sin().sum() }, { $0.gelu().sum() },
            { $0.gelu(approximate: true).sum() },
            { $0.matmul($0.transposed()).tanh().sum() },
            { $0.take(Tensor([1, 1] as [Int32], shape: [2]), axis: 0).square().sum() },
            { Tensor.concatenated([$0, $0 * 2], axis: 1).sigmoid().sum() },
            { $0.slice(axis: 1, from: 1, to: 3).silu().norm() },
            { Tensor.where($0.greater(0), $0.square(), -$0).sum() },
            { $0.variance(axis: 1, correction: 1).sum() },
            { $0.cumulativeSum(axis: 1).square().sum() },
            { $0.max(axis: 1).sum() }, { $0.abs().sum() + $0.erf().sum() },
        ] as [@Sendable (Tensor) -> Tensor])
    func finiteDifferences(function: @Sendable (Tensor) -> Tensor) throws {
        let values: [Float] = [0.3, -1.2, 0.8, 2.1, -0.4, 0.6]
        let step: Float = 1e-2
        let (_, gradients) = try valueAndGradient(at: [Tensor(values, shape: [2, 3])]) {
            function($0[0])
        }
        let differences = try values.indices.map { index in
            let ends = try [-step, step].map { change in
                var moved = values
                moved[index] += change
                return try function(Tensor(moved, shape: [2, 3])).item()
            }
            return (ends[1] - ends[0]) / (2 * step)
        }
        try expectClose(gradients[0], differences, rtol: 5e-3, atol: 3e-3)
    }

    @Test("an error that a loss throws comes out as itself")
    func rethrown() throws {
        #expect(throws: Interruption(place: "loss")) {
            try valueAndGradient(at: [Tensor(1)]) { _ in throw Interruption(place: "loss") }
        }
        #expect(throws: Interruption(place: "inner")) {
            try valueAndGradient(at: [Tensor(1)]) { outer in
                let (value, gradients) = try valueAndGradient(at: outer) { _ in
                    throw Interruption(place: "inner")
                }
                return value + gradients[0]
            }
        }
        let (_, gradients) = try valueAndGradient(at: [Tensor(3)]) { $0[0].square() }
        #expect(try gradients[0].item() == 6)
    }

    @Test("an error in the recomputation of a checkpoint comes out as itself")
    func rethrownFromCheckpoint() throws {
        var calls = 0
        #expect(throws: Interruption(place: "recomputation")) {
            try valueAndGradient(at: [Tensor(1)]) { inputs in
                try checkpointed(inputs) { inner in
                    calls += 1
                    if calls > 1 { throw Interruption(place: "recomputation") }
                    return [inner[0].square()]
                }[0]
            }
        }
        #expect(calls == 2)
    }

    @Test("a checkpoint changes no gradient and is computed again")
    func checkpoint() throws {
        let input = Tensor([0.5, -1, 2] as [Float], shape: [3])
        var calls = 0
        let (value, gradients) = try valueAndGradient(at: [input]) { inputs in
            let parts = try checkpointed(inputs) { inner in
                calls += 1
                return [inner[0].exp(), inner[0].square()]
            }
            return (parts[0] * parts[1]).sum()
        }
        #expect(calls == 2)
        let (plain, wanted) = try valueAndGradient(at: [input]) {
            ($0[0].exp() * $0[0].square()).sum()
        }
        try expectClose(value, plain.values())
        try expectClose(gradients[0], wanted[0].values())
    }

    @Test("a gradient's gradient is the second derivative")
    func nested() throws {
        let (value, second) = try valueAndGradient(at: [Tensor(2)]) { outer in
            let (_, first) = try valueAndGradient(at: outer) { $0[0] * $0[0] * $0[0] }
            return first[0]
        }
        #expect(try value.item() == 12)
        #expect(try second[0].item() == 12)
    }

    @Test("functions take and give any number of tensors", arguments: [1, 1000])
    func manyTensors(count: Int) throws {
        let parameters = (0..<count).map { Tensor(Float($0)) }
        let (value, auxiliary, gradients) = try valueAndGradientWithAuxiliary(at: parameters) {
            let outputs = $0.map { $0 * 2 }
            return (Tensor.stacked(outputs).square().sum(), outputs)
        }
        try evaluate([value] + auxiliary + gradients)
        #expect(try auxiliary.map { try $0.item() } == (0..<count).map { Float(2 * $0) })
        #expect(try gradients.map { try $0.item() } == (0..<count).map { Float(8 * $0) })
    }

    @Test("a checkpoint gives more than 256 tensors")
    func manyFromCheckpoint() throws {
        let count = 257
        let (_, gradients) = try valueAndGradient(at: [Tensor(1)]) { inputs in
            let outputs = try checkpointed(inputs) { inner in
                (0..<count).map { inner[0].square() * $0 }
            }
            #expect(outputs.count == count)
            return Tensor.stacked(outputs).sum()
        }
        #expect(try gradients[0].item() == Float(count * (count - 1)))
    }

    @Test("a function that gives a tensor of a failed operation fails with that error")
    func failedResult() {
        let error = #expect(throws: TensorError.self) {
            try valueAndGradientWithAuxiliary(at: [Tensor(1)]) {
                ($0[0], [$0[0], Tensor.ones([2]).matmul(.ones([3]))])
            }
        }
        #expect(error?.operation == "matmul")
    }

    @Test("auxiliary results come with the loss and add no gradient")
    func auxiliary() throws {
        let (value, auxiliary, gradients) = try valueAndGradientWithAuxiliary(
            at: [Tensor(2)]
        ) { ($0[0].square(), [$0[0] * 10]) }
        #expect(try value.item() == 4)
        #expect(try auxiliary[0].item() == 20)
        #expect(try gradients[0].item() == 4)
    }

    @Test("a stopped gradient is zero, and so is that of an unused parameter")
    func stopped() throws {
        let (_, gradients) = try valueAndGradient(at: [Tensor(2), Tensor(5)]) {
            $0[0] * $0[0].stopGradient()
        }
        #expect(try gradients[0].item() == 2)
        #expect(try gradients[1].item() == 0)
    }

    @Test("a loss that is not a single number is an error")
    func notAScalar() {
        #expect(throws: TensorError.self) {
            try valueAndGradient(at: [.zeros([3])]) { $0[0] * 2 }
        }
    }
}

/// The network of the golden: RMS norm, SiLU and cross-entropy between two linear layers.
struct Network {
    let data: Tensor
    let labels: Tensor
    let parameters: [Tensor]

    init(_ golden: TensorGolden.Network) {
        data = Tensor(golden.data, shape: [7, 6])
        labels = Tensor(golden.labels, shape: [7, 1])
        parameters = zip(golden.parameters, [[8, 6], [8], [5, 8], [5]]).map {
            Tensor($0, shape: $1)
        }
    }

    func loss(_ parameters: [Tensor]) -> Tensor {
        let inner = data.matmul(parameters[0].transposed())
            .rmsNorm(weight: parameters[1], epsilon: 1e-5).silu()
        let logits = inner.matmul(parameters[2].transposed()) + parameters[3]
        return (logits.logSumExp(axis: 1) - logits.takeAlong(labels, axis: 1).squeezed(at: 1))
            .mean()
    }
}
