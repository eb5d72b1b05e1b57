// SPDX-License-Identifier: Apache-2.0
// Operations give known answers, and failures are carried to where the numbers are asked for.

import Foundation
import Tensors
import Testing

@Suite("Operations")
struct OperationTests {
    let matrix = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])

    @Test("elementwise operations agree with PyTorch")
    func elementwise() throws {
        let golden = try TensorGolden.load().elementwise
        let functions: [String: (Tensor) -> Tensor] = [
            "abs": { $0.abs() }, "ceiling": { $0.ceiling() }, "cos": { $0.cos() },
            "erf": { $0.erf() }, "exp": { $0.exp() }, "floor": { $0.floor() },
            "gelu": { $0.gelu() }, "geluApproximate": { $0.gelu(approximate: true) },
            "negate": { -$0 }, "round": { $0.round() }, "sigmoid": { $0.sigmoid() },
            "sign": { $0.sign() }, "silu": { $0.silu() }, "sin": { $0.sin() },
            "square": { $0.square() }, "tanh": { $0.tanh() }, "log": { $0.log() },
            "logOnePlus": { $0.logOnePlus() }, "sqrt": { $0.sqrt() }, "rsqrt": { $0.rsqrt() },
            "reciprocal": { $0.reciprocal() },
        ]
        for (values, outputs) in [
            (golden.input, golden.outputs), (golden.positive, golden.positiveOutputs),
        ] {
            let input = Tensor(values, shape: [values.count])
            for (name, wanted) in outputs {
                let function = try #require(functions[name])
                try expectClose(function(input), wanted, rtol: 2e-5, atol: 2e-6)
            }
        }
    }

    @Test("reductions along an axis agree with PyTorch")
    func reductions() throws {
        let golden = try TensorGolden.load().reductions
        let functions: [String: (Tensor) -> Tensor] = [
            "sum": { $0.sum(axis: 1) }, "mean": { $0.mean(axis: 1) },
            "max": { $0.max(axis: 1) }, "min": { $0.min(axis: -2) },
            "product": { $0.product(axis: 1) },
            "variance": { $0.variance(axis: 1, correction: 1) }, "norm": { $0.norm(axis: 1) },
            "argMax": { $0.argMax(axis: 1) }, "argMin": { $0.argMin(axis: 1) },
            "logSumExp": { $0.logSumExp(axis: 1) }, "softmax": { $0.softmax(axis: 1) },
            "logSoftmax": { $0.logSoftmax(axis: 1) }, "sorted": { $0.sorted(axis: 1) },
            "argSorted": { $0.argSorted(axis: 1) },
            "cumulativeSum": { $0.cumulativeSum(axis: 1) },
        ]
        let input = Tensor(golden.input, shape: [2, 5, 3])
        for (name, wanted) in golden.outputs {
            let function = try #require(functions[name])
            try expectClose(function(input), wanted)
        }
    }

    @Test("products, broadcasting and numbers give what is worked out by hand")
    func arithmetic() throws {
        try expectClose(matrix.matmul(matrix.transposed()), [14, 32, 32, 77])
        let row = Tensor([10, 20, 30] as [Float], shape: [3])
        try expectClose(matrix + row, [11, 22, 33, 14, 25, 36])
        try expectClose(2 * matrix - 1, [1, 3, 5, 7, 9, 11])
        try expectClose(1 / matrix, [1, 0.5, 1 / 3, 0.25, 0.2, 1 / 6])
        let product = Tensor.addingProduct(
            Tensor(1), matrix, matrix.transposed(), alpha: 2, beta: 3)
        try expectClose(product, [31, 67, 67, 157])
        try expectClose(matrix.clipped(2, 4.5), [2, 2, 3, 4, 4.5, 4.5])
        try expectClose(matrix.remainder(Tensor(4)), [1, 2, 3, 0, 1, 2])
        #expect((Tensor.range(3) + 1).type == .int32)
        #expect((Tensor.range(3) * 0.5).type == .float32)
        #expect((matrix.converted(to: .bfloat16) * 0.5).type == .bfloat16)
    }

    @Test("comparisons and choices work element by element")
    func logic() throws {
        let large = matrix.greater(3)
        #expect(try large.booleans() == [false, false, false, true, true, true])
        let even = matrix.remainder(Tensor(2)).equal(0)
        let both = large.logicalAnd(even.logicalNot())
        #expect(try both.booleans() == [false, false, false, false, true, false])
        try expectClose(Tensor.where(both, -matrix, matrix), [1, 2, 3, 4, -5, 6])
        #expect(try large.any().booleans() == [true])
        #expect(try large.all(axis: 0).booleans() == [false, false, false])
        let undefined = matrix / 0 - matrix / 0
        #expect(try undefined.isNaN().all().booleans() == [true])
    }

    @Test("reshaping and indexing move the right elements")
    func shapes() throws {
        #expect(try matrix.transposed().values() == [1, 4, 2, 5, 3, 6])
        #expect(matrix.expanded(at: 1).shape == [2, 1, 3])
        #expect(matrix.reshaped([3, -1]).shape == [3, 2])
        #expect(try matrix.slice(axis: -1, from: 1, to: 3).values() == [2, 3, 5, 6])
        let indices = Tensor([1, 1, 0] as [Int32], shape: [3])
        #expect(try matrix.take(indices, axis: 0).values() == [4, 5, 6, 4, 5, 6, 1, 2, 3])
        let picked = matrix.takeAlong(Tensor([2, 0] as [Int32], shape: [2, 1]), axis: 1)
        #expect(try picked.values() == [3, 4])
        let new = Tensor([7, 8] as [Float], shape: [2, 1])
        #expect(
            try matrix.replacingSlice(axis: 1, from: 1, with: new).values() == [1, 7, 3, 4, 8, 6])
        let counted = Tensor.zeros([4]).scatterAddAlong(
            Tensor.ones([3]), at: indices, axis: 0)
        #expect(try counted.values() == [1, 2, 0, 0])
        let parts = matrix.split(parts: 3, axis: 1)
        #expect(try parts.map { try $0.values() } == [[1, 4], [2, 5], [3, 6]])
        #expect(try Tensor.concatenated(parts, axis: 0).values() == [1, 4, 2, 5, 3, 6])
        #expect(Tensor.stacked(parts, axis: 1).shape == [2, 3, 1])
        #expect(try matrix.lowerTriangle().values() == [1, 0, 0, 4, 5, 0])
        #expect(
            try matrix.padded(axis: 1, before: 1, value: 9).values() == [9, 1, 2, 3, 9, 4, 5, 6])
        #expect(
            try matrix.repeated(2, axis: 0).slice(axis: 1, from: 0, to: 1).values() == [1, 1, 4, 4])
        #expect(try matrix.top(2, axis: 1).sorted(axis: 1).values() == [2, 3, 5, 6])
    }

    @Test("the engine's rotary embedding and attention agree with PyTorch")
    func fused() throws {
        let golden = try TensorGolden.load().fused
        let queries = Tensor(golden.queries, shape: [2, 4, 5, 8])
        let keys = Tensor(golden.keys, shape: [2, 2, 5, 8])
        let values = Tensor(golden.values, shape: [2, 2, 5, 8])
        try expectClose(queries.rope(dimensions: 8), golden.rotated, atol: 1e-5)
        let frequencies = Tensor((0..<4).map { Float(pow(10_000, Double($0) / 4)) }, shape: [4])
        let start = Tensor([0, 0] as [Int32], shape: [2])
        try expectClose(
            queries.rope(dimensions: 8, offset: start, frequencies: frequencies), golden.rotated,
            atol: 1e-5)
        try expectClose(
            .attention(queries: queries, keys: keys, values: values, scale: 0.3),
            golden.attention, atol: 1e-5)
        try expectClose(
            .attention(queries: queries, keys: keys, values: values, scale: 0.3, mask: .causal),
            golden.causal, atol: 1e-5)
    }

    @Test("a singular value decomposition multiplies back to the matrix")
    func decomposition() throws {
        let (u, values, vt) = matrix.singularValueDecomposition()
        let wide = (u * values).matmul(vt.slice(axis: 0, from: 0, to: 2))
        try expectClose(wide, [1, 2, 3, 4, 5, 6], atol: 1e-5)
    }

    @Test("a QR decomposition of a tall matrix has orthonormal columns and multiplies back")
    func triangularisation() throws {
        let tall = Tensor.normal([40, 3], key: RandomKey(seed: 4))
        let (q, r) = tall.qrDecomposition()
        #expect(q.shape == [40, 3] && r.shape == [3, 3])
        try expectClose(q.transposed().matmul(q), [1, 0, 0, 0, 1, 0, 0, 0, 1], atol: 1e-5)
        try expectClose(q.matmul(r), tall.values(), atol: 1e-5)
        let below = try r.values()
        #expect(below[3] == 0 && below[6] == 0 && below[7] == 0)
    }

    @Test("quantising to 8 bits changes a matrix by at most a step")
    func quantisation() throws {
        let matrix = Tensor.uniform([16, 128], low: -1, high: 1, key: RandomKey(seed: 3))
        let back = QuantizedMatrix(matrix, groupSize: 64, bits: 8).dequantized()
        let difference = (matrix - back).abs().max()
        #expect(try difference.item() <= 2.01 / 255)
    }
}
