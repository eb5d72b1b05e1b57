// SPDX-License-Identifier: Apache-2.0
// What one checkpoint shows without its base.

import Records
import Tensors
import Testing

@testable import Forensics

@Suite("Signatures without a base")
struct SignatureTests {
    private func inspect(
        _ change: (inout Weights) throws -> Void
    ) throws -> Inspection {
        let base = try RandomBase(width: 64, layers: 3).weights(seed: 21)
        var made = Weights(tensors: base, key: RandomKey(seed: 22))
        try change(&made)
        return try SignatureInspector(MemoryWeights(name: "alone", tensors: made.tensors)).inspect()
    }

    @Test("An untouched model is unremarkable")
    func untouched() throws {
        #expect(try inspect { _ in }.verdict == .unremarkable)
        #expect(
            try inspect {
                try $0.addAdapters(rank: 4, scale: 0.05, modules: Weights.all)
            }.verdict == .unremarkable)
    }

    @Test("A missing direction is orthogonalisation, in fp32 and after a cast")
    func orthogonalised() throws {
        #expect(try inspect { try $0.orthogonalise() }.verdict == .orthogonalised)
        let cast = try inspect {
            try $0.orthogonalise()
            try $0.cast(to: .bfloat16)
        }
        #expect(cast.verdict == .orthogonalised)
        #expect(cast.operations.first?.modules == ["down_proj", "o_proj"])
    }

    @Test("A stream wider than 4,096, and matrices with more columns than are looked at")
    func wide() throws {
        var key = RandomKey(seed: 31)
        for (width, columns, layers) in [(4_224, 2_300, 2), (64, 2_048, 3)] {
            var tensors: [String: Tensor] = [:]
            for layer in 0..<layers {
                tensors["model.layers.\(layer).mlp.down_proj.weight"] = try Tensor.normal(
                    [width, columns], key: key.next()
                ).evaluated()
            }
            func verdict(_ tensors: [String: Tensor]) throws -> InspectionKind {
                try SignatureInspector(MemoryWeights(name: "alone", tensors: tensors)).inspect()
                    .verdict
            }
            #expect(try verdict(tensors) == .unremarkable)
            let raw = Tensor.normal([width, 1], key: key.next())
            let r = raw / raw.square().sum().sqrt()
            for (name, weight) in tensors {
                tensors[name] = try (weight - r * r.transposed().matmul(weight)).evaluated()
            }
            #expect(try verdict(tensors) == .orthogonalised)
        }
    }

    @Test("A direction that is only weakened, or reflected, leaves no trace")
    func missed() throws {
        for strength in [0.9, 2] as [Float] {
            let result = try inspect { try $0.orthogonalise(.init(strength: strength)) }
            #expect(result.verdict == .unremarkable)
        }
    }

    @Test("Levels, zeros and a narrower type are told")
    func others() throws {
        #expect(try inspect { try $0.quantise(bits: 4, group: 32) }.verdict == .quantised)
        #expect(try inspect { try $0.prune(share: 0.3) }.verdict == .pruned)
        #expect(try inspect { try $0.cast(to: .bfloat16) }.verdict == .cast)
    }
}
