// SPDX-License-Identifier: Apache-2.0
// Changes within subspaces, where the answer is known.

import TemperFixtures
import Tensors
import Testing

@testable import LanguageModels
@testable import Training

@Suite("Changes within subspaces")
struct SubspaceEditsTests {
    private let model: LanguageModel

    init() throws { model = try tinyModel() }

    @Test("a change in a subspace replaces what the stream has there, and keeps the rest")
    func subspace() throws {
        let prompt = try Subject(model).tokens(for: "bind 9")
        func states(_ edit: ResidualEdit?) throws -> Tensor {
            try model.residualStates(
                TokenBatch([prompt]), positions: [-1], layers: 0, edit: edit)
        }
        // Two axes span the subspace, so that R x are coordinates 3 and 5.
        var rotation = [Float](repeating: 0, count: 64)
        rotation[3] = 1
        rotation[32 + 5] = 1
        let edit = SubspaceEdit(
            rotation: Tensor(rotation, shape: [2, 32]), weight: Tensor.zeros([2, 32]),
            bias: Tensor([7, -4] as [Float], shape: [2]))
        // The stream behind the embedding is observed before the layer reads it.
        let before = try states(nil).values()
        let after = try edit.applied(to: states(nil)).values()
        for index in 0..<32 {
            let expected: Float = index == 3 ? 7 : index == 5 ? -4 : before[index]
            #expect(abs(after[index] - expected) < 1e-5)
        }
        func logits(_ edit: ResidualEdit?) throws -> [Float] {
            try model.nextTokenLogProbabilities(after: [prompt], edit: edit).values()
        }
        #expect(try logits(.movingInSubspaces([1: edit])) != logits(nil))
    }

    @Test("rows are made orthonormal within their span")
    func orthonormal() throws {
        let random = Tensor.normal([4, 32], key: RandomKey(seed: 9)) * 3.0
        let rows = random.orthonormalRows
        let gram = try rows.matmul(rows.transposed()).values()
        for index in 0..<16 { #expect(abs(gram[index] - (index % 5 == 0 ? 1 : 0)) < 1e-4) }
        let rest = random - random.matmul(rows.transposed()).matmul(rows)
        #expect(try rest.abs().max().item() < 1e-3)
        let again = try (rows * 0.2).orthonormalRows.values()
        #expect(try zip(again, rows.values()).allSatisfy { abs($0 - $1) < 1e-4 })
    }
}
