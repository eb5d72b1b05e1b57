// SPDX-License-Identifier: Apache-2.0
// Operations give known answers, and failures are carried to where the numbers are asked for.

import Tensors
import Testing

@Suite("Operations")
struct OperationTests {
    let matrix = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])

    @Test("matrix products, sums and broadcasting give what is worked out by hand")
    func arithmetic() throws {
        try expectClose(matrix.matmul(matrix.transposed()), [14, 32, 32, 77])
        try expectClose(matrix.sum(axis: 0), [5, 7, 9])
        try expectClose(matrix.mean(axis: -1, keepingDimensions: true), [2, 5])
        try expectClose(
            matrix + Tensor([10, 20, 30] as [Float], shape: [3]), [11, 22, 33, 14, 25, 36])
        try expectClose(2 * matrix - 1, [1, 3, 5, 7, 9, 11])
        try expectClose(1 / matrix, [1, 0.5, 1 / 3, 0.25, 0.2, 1 / 6])
        try expectClose(matrix.softmax(axis: -1).sum(axis: -1), [1, 1])
        try expectClose(matrix.logSumExp(axis: 1), [3.4076059644, 6.4076059644])
        #expect(try matrix.slice(axis: 1, from: 1, to: 3).values() == [2, 3, 5, 6])
        #expect(try matrix.argMax(axis: 1).integers() == [2, 2])
    }

    @Test("a mismatch of shapes surfaces at evaluation with the operation and its shapes")
    func carriedError() throws {
        let wrong = matrix.matmul(matrix)
        let later = (wrong * 2).sum().softmax(axis: 0)
        #expect(later.error?.operation == "matmul")
        let error = #expect(throws: TensorError.self) { try later.item() }
        #expect(error?.shapes == [[2, 3], [2, 3]])
        #expect(error?.description.contains("matmul of [2, 3], [2, 3]") == true)
    }
}
