// SPDX-License-Identifier: Apache-2.0
// Failures are values until the numbers are asked for, and never end the process.

import Tensors
import Testing

@Suite("Errors")
struct ErrorTests {
    let matrix = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])

    @Test("a mismatch of shapes surfaces at evaluation with the operation and its shapes")
    func carriedError() throws {
        let wrong = matrix.matmul(matrix)
        let later = Tensor.concatenated([(wrong * 2).sum().expanded(at: 0), matrix.sum()])
        #expect(later.error?.operation == "matmul")
        let error = #expect(throws: TensorError.self) { try later.item() }
        #expect(error?.shapes == [[2, 3], [2, 3]])
        #expect(error?.description.hasPrefix("matmul of [2, 3], [2, 3]: ") == true)
        #expect(throws: TensorError.self) { try evaluate([matrix, later]) }
        #expect(throws: TensorError.self) {
            try valueAndGradient(at: [matrix]) { $0[0].matmul($0[0]).sum() }
        }
    }

    @Test(
        "a wrong argument is an error and not a crash",
        arguments: [
            Tensor([1, 2] as [Float], shape: [3]), Tensor([1] as [Float], shape: [-1]),
            .zeros([2]).reshaped([3]), .zeros([2]).slice(axis: 0, from: 1, to: 3),
            .zeros([2]).slice(axis: 1, from: 0, to: 1), .zeros([2]).transposed([0, 1]),
            .zeros([2]).sum(axis: 5), .zeros([2]) + .zeros([3]), .concatenated([]),
            .zeros([5]).split(parts: 2, axis: 0)[1], .zeros([2]).split(parts: 0, axis: 0)[0],
            .zeros([3_000_000_000]), .zeros([2, 2]).squeezed(at: 0),
            .zeros([2]).rmsNorm(
                weight: .zeros([3]), epsilon: 0),
            .causalAttention(
                queries: .zeros([2, 3, 4]), keys: .zeros([2, 2, 4]), values: .zeros([2, 2, 4]),
                segments: [Segment(length: 2)],
                rule: AttentionRule(frequencies: .ones([1]), scale: 1)),
            .causalAttention(
                queries: .zeros([2, 2, 4]), keys: .zeros([2, 2, 4]), values: .zeros([2, 2, 4]),
                segments: [Segment(length: 1)],
                rule: AttentionRule(frequencies: .ones([1]), scale: 1)),
            .causalAttention(
                queries: .zeros([2, 2, 4]), keys: .zeros([2, 2, 4]), values: .zeros([2, 2, 4]),
                segments: [Segment(length: 2, parent: 0)],
                rule: AttentionRule(frequencies: .ones([1]), scale: 1)),
            .keptContexts(
                keys: .zeros([2, 2, 4]), values: .zeros([2, 2, 4]),
                segments: [Segment(length: 2)], rows: [0], capacity: 1,
                frequencies: .ones([1])),
            .attentionStep(
                queries: .zeros([1, 2, 4]), keys: .zeros([1, 2, 4]), values: .zeros([1, 2, 4]),
                kept: .zeros([1, 5, 2, 2, 4]), count: 5,
                sequences: [KeptSequence(place: 0, padding: 0)],
                rule: AttentionRule(frequencies: .ones([1]), scale: 1)
            ).output,
            .linearArgMax(hidden: .zeros([2, 3]), weight: .zeros([5, 4])),
            .zeros([2, 3]).projected(by: Projection(weight: .zeros([3, 2]))),
            .swiGLU(gate: .zeros([2]), up: .zeros([3])),
            .linearCrossEntropy(
                hidden: .zeros([2, 3]), weight: .zeros([5, 3]), targets: .zeros([2])),
            .zeros([2]).addingThenRMSNorm(.zeros([3]), weight: nil, epsilon: 0).sum,
        ])
    func wrongArgument(tensor: Tensor) {
        #expect(tensor.error != nil)
        #expect(throws: TensorError.self) { try tensor.values() }
    }

    @Test("an item is asked of a single number only")
    func item() {
        #expect(throws: TensorError.self) { try matrix.item() }
    }

    @Test("an engine without a GPU refuses to use it")
    func device() throws {
        guard Engine.device == .cpu else { return }
        #expect(throws: TensorError.self) { try Engine.use(.gpu) }
        #expect(try matrix.sum().item() == 21)
    }
}
