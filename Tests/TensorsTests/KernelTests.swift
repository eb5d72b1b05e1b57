// SPDX-License-Identifier: Apache-2.0
// The CPU kernels in places where the layers' goldens do not lead: every shape of product, strided
// inputs, one thread, and the same bits twice.

import Tensors
import Testing

@Suite("Kernels")
struct KernelTests {
    @Test(
        "products agree with sums in double precision",
        arguments: [1, 2, 3, 5, 8, 20, 21, 64, 130], [(1, 1), (7, 33), (300, 64), (65, 577)])
    func products(rows: Int, extents: (columns: Int, inner: Int)) throws {
        let (columns, inner) = extents
        let left = noiseValues(1, rows * inner).map(Double.init)
        let right = noiseValues(2, inner * columns).map(Double.init)
        var wanted: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                let sum = (0..<inner).reduce(0) {
                    $0 + left[row * inner + $1] * right[$1 * columns + column]
                }
                wanted.append(Float(sum))
            }
        }
        let a = noise(1, [rows, inner])
        let b = noise(2, [inner, columns])
        // The same matrices, laid out along their columns.
        let aTurned = try evaluatedCopy(a.transposed()).transposed()
        let bTurned = try evaluatedCopy(b.transposed()).transposed()
        for (x, y) in [(a, b), (a, bTurned), (aTurned, b), (aTurned, bTurned)] {
            try expectClose(x.matmul(y), wanted, rtol: 1e-5, atol: 2e-5)
        }
        let doubled = Tensor.addingProduct(a.matmul(b), a, bTurned, alpha: 2, beta: -1)
        try expectClose(doubled, wanted, rtol: 1e-5, atol: 5e-5)
    }

    func evaluatedCopy(_ tensor: Tensor) throws -> Tensor {
        Tensor(try tensor.values(), shape: tensor.shape)
    }

    @Test("attention reads keys and values in place, whatever their strides")
    func stridedAttention() throws {
        let pairs = noise(1, [50, 2, 3, 16])
        let turned = noise(2, [3, 16, 50])
        let queries = noise(3, [6, 50, 16]).swappedAxes(0, 1)
        let keys = pairs.slice(axis: 1, from: 1, to: 2).squeezed(at: 1)
        let rule = AttentionRule(frequencies: .ones([1]), scale: 0.5)
        for values in [turned.transposed([2, 0, 1]), keys] {
            for segments in [
                [Segment(length: 50)],
                [Segment(length: 20), Segment(length: 30, parent: 0)],
            ] {
                let dense = Tensor.causalAttention(
                    queries: try evaluatedCopy(queries), keys: try evaluatedCopy(keys),
                    values: try evaluatedCopy(values), segments: segments, rule: rule)
                let strided = Tensor.causalAttention(
                    queries: queries, keys: keys, values: values, segments: segments,
                    rule: rule)
                try expectClose(strided, dense.values())
            }
        }
    }

    @Test("one thread gives what all threads give")
    func oneThread() async {
        // The number of threads is that of the whole process, which other tests use as well.
        await #expect(processExitsWith: .success) {
            Engine.threadCount = 0
            #expect(Engine.threadCount == 1)
            let alone = try KernelTests.lossAndGradients()
            Engine.threadCount = 3
            let together = try KernelTests.lossAndGradients()
            for (one, other) in zip(alone, together) {
                try expectClose(Tensor(one, shape: [one.count]), other, rtol: 1e-4, atol: 1e-4)
            }
        }
    }

    @Test("the same inputs give the same bits")
    func repeatable() throws {
        let first = try Self.lossAndGradients()
        for _ in 0..<5 { #expect(try Self.lossAndGradients() == first) }
    }

    /// A block of a decoder with its head, small and odd.
    static func lossAndGradients() throws -> [[Float]] {
        let (tokens, heads, width) = (99, 3, 24)
        let inputs = [
            noise(1, [tokens, width]), noise(2, [3 * width, width]), noise(3, [width]),
            noise(4, [2 * width, width]), noise(5, [100, width]),
        ]
        let targets = Tensor((0..<99).map { Int32($0) }, shape: [tokens])
        let segments = [
            Segment(length: 40), Segment(length: 33, parent: 0), Segment(length: 0),
            Segment(length: 26, parent: 0),
        ]
        let rule = AttentionRule(
            frequencies: Tensor([1, 0.1] as [Float], shape: [2]), scale: 0.3)
        let (loss, gradients) = try valueAndGradient(at: inputs) { inputs in
            let projected = inputs[0].projected(by: Projection(weight: inputs[1]))
            let parts = projected.split(parts: 3, axis: 1).map {
                $0.reshaped([tokens, heads, width / heads])
            }
            let mixed = Tensor.causalAttention(
                queries: parts[0], keys: parts[1], values: parts[2], segments: segments,
                rule: rule)
            let (sum, normalised) = inputs[0].addingThenRMSNorm(
                mixed.reshaped([tokens, width]), weight: inputs[2], epsilon: 1e-5)
            let gates = normalised.projected(by: Projection(weight: inputs[3]))
                .split(parts: 2, axis: 1)
            let hidden = sum + .swiGLU(gate: gates[0], up: gates[1])
            return Tensor.linearCrossEntropy(
                hidden: hidden, weight: inputs[4], targets: targets
            ).mean()
        }
        return try [loss.values()] + gradients.map { try $0.values() }
    }
}
