// SPDX-License-Identifier: Apache-2.0
// Low-rank adapters: their start, their fusion, their limits.

import JSONText
import LanguageModels
import Tensors
import Testing

@Suite("Low-rank adapters")
struct AdapterTests {
    private let sequence = [1, 5, 9, 13, 17, 21]

    private func trained(_ adapters: LowRankAdapters) throws -> LowRankAdapters {
        var key = RandomKey(seed: 5)
        return try adapters.replacing(
            parameters: adapters.parameters.map { Tensor.normal($0.shape, key: key.next()) * 0.1 })
    }

    @Test("new adapters change nothing")
    func start() throws {
        let model = try Goldens.tinyModel("gqa")
        let adapters = try LowRankAdapters(for: model.configuration, key: RandomKey(seed: 1))
        let adapted = try model.adapted(by: adapters)
        #expect(
            try adapted.logProbabilities(of: sequence) == model.logProbabilities(of: sequence))
        #expect(adapters.parameters.count == 2 * 7 * 2)
    }

    @Test("A is uniform within 1 / sqrt(in) and follows from the key")
    func initialisation() throws {
        let model = try Goldens.tinyModel("gqa")
        func make(_ seed: UInt64) throws -> [[Float]] {
            try LowRankAdapters(for: model.configuration, key: RandomKey(seed: seed))
                .parameters.map { try $0.values() }
        }
        let first = try make(1)
        #expect(try first == make(1))
        #expect(try first != make(2))
        let bound = 1 / Float(32).squareRoot()
        let widest = first[0].map(abs).max() ?? 0
        #expect(widest <= bound && widest > 0.9 * bound)
        #expect(first[1].allSatisfy { $0 == 0 })
    }

    @Test("fused weights compute what the adapters compute; removing gives the model back")
    func fusion() throws {
        let model = try Goldens.tinyModel("gqa")
        let adapters = try trained(
            LowRankAdapters(
                .init(rank: 3, alpha: 6, targets: [.query, .down]), for: model.configuration,
                key: RandomKey(seed: 1)))
        let adapted = try model.adapted(by: adapters)
        let fused = try adapted.fused()
        let scores = try adapted.logProbabilities(of: sequence)
        #expect(try scores != model.logProbabilities(of: sequence))
        #expect(fused.adapters == nil)
        expectClose(try fused.logProbabilities(of: sequence), scores, absolute: 1e-4)
        let removed = try adapted.adapted(by: nil)
        #expect(
            try removed.logProbabilities(of: sequence) == model.logProbabilities(of: sequence))
    }

    @Test(
        "ranks, alphas and targets out of range are refused",
        arguments: [
            LowRankAdapters.Configuration(rank: 0), .init(rank: -1), .init(alpha: 0),
            .init(alpha: .nan), .init(targets: []), .init(targets: [.up, .up]),
        ])
    func limits(configuration: LowRankAdapters.Configuration) throws {
        let decoder = try Goldens.tinyModel("gqa").configuration
        #expect(throws: InputError.self) {
            try LowRankAdapters(configuration, for: decoder, key: RandomKey(seed: 1))
        }
    }

    @Test("adapters of another model are refused")
    func misfit() throws {
        let adapters = try LowRankAdapters(
            for: Goldens.tinyModel("bias").configuration, key: RandomKey(seed: 1))
        let model = try Goldens.tinyModel("gqa")
        #expect(throws: InputError.self) { try model.adapted(by: adapters) }
    }

    @Test("a shared beginning, computed once, gives the same loss and gradients")
    func sharedPrefix() throws {
        let model = try Goldens.tinyModel("qwen3")
        let beginning = Array(20..<32)
        let examples = (0..<4).map { index in
            CompletionExample(
                prompt: beginning + (0...index).map { 4 + $0 + index },
                completion: (0..<(5 - index)).map { 30 + $0 })
        }
        let adapters = try trained(
            LowRankAdapters(for: model.configuration, key: RandomKey(seed: 1)))
        // Recomputation goes without sharing.
        let results = try [false, true].map { recomputing in
            try valueAndGradient(at: adapters.parameters) {
                try model.adapted(by: adapters.replacing(parameters: $0))
                    .completionLoss(of: examples, recomputing: recomputing)
            }
        }
        let (shared, apart) = (results[0], results[1])
        expectClose([try shared.value.item()], [try apart.value.item()], absolute: 1e-5)
        for (one, other) in zip(shared.gradients, apart.gradients) {
            expectClose(try one.values(), try other.values(), absolute: 1e-5, relative: 1e-3)
        }
    }
}
