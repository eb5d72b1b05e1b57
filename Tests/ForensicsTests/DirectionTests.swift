// SPDX-License-Identifier: Apache-2.0
// Directions that were taken out, beside those in which the base's activations differ.

import Adversaries
import Foundation
import LanguageModels
import Records
import Suites
import TemperFixtures
import Tensors
import Testing

@testable import Forensics

@Suite("Recovered directions beside refusal directions")
struct DirectionTests {
    private let model: LanguageModel
    private let candidates: [ResidualDirection]

    init() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        model = try tinyModel()
        candidates = try refusalDirections(
            of: model, suite: Suites.Suite(at: directory.url), seed: 1)
    }

    private func inspect(
        _ change: (inout Weights) throws -> Void
    ) throws -> (inspection: Inspection, wasAsked: Bool) {
        var made = Weights(tensors: model.weights, key: RandomKey(seed: 41))
        try change(&made)
        var wasAsked = false
        let inspection = try Inspector(
            base: MemoryWeights(name: "base", tensors: model.weights),
            derived: MemoryWeights(name: "derived", tensors: made.tensors)
        ).inspect(refusalDirections: {
            wasAsked = true
            return candidates
        })
        return (inspection, wasAsked)
    }

    @Test("Refusal directions are unit vectors of every layer behind the template's tokens")
    func candidateDirections() {
        #expect(!candidates.isEmpty)
        for candidate in candidates {
            let norm = candidate.components.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(candidate.components.count == 32 && abs(norm - 1) < 1e-4)
            // In front of the first layer the template's tokens are the same in every prompt.
            #expect((1...2).contains(candidate.layer) && (-6 ... -1).contains(candidate.position))
        }
    }

    @Test("A refusal direction of the base that was taken out matches", arguments: [1, 2])
    func matching(layer: Int) throws {
        let known = try #require(candidates.first { $0.layer == layer && $0.position == -1 })
        let (inspection, _) = try inspect {
            try $0.orthogonalise(along: Tensor(known.components, shape: [32, 1]))
        }
        #expect(inspection.verdict == .orthogonalised)
        let direction = try #require(inspection.directions?.first)
        #expect(inspection.directions?.count == 1)
        #expect(direction.matches && direction.cosine > 0.999)
        #expect(direction.layer == layer && direction.position == -1)
        #expect(direction.tensorCount == 4 && direction.layers == [0, 1])
        #expect(
            inspection.summary.contains(
                "it matches a refusal direction read from the base at layer \(layer), position -1"))
    }

    @Test("Another direction does not match")
    func other() throws {
        let (inspection, _) = try inspect { try $0.orthogonalise() }
        let direction = try #require(inspection.directions?.first)
        #expect(!direction.matches && direction.cosine < direction.chance)
        #expect(inspection.summary.contains("does not match a refusal direction"))
    }

    @Test("A direction for each layer is compared one by one")
    func perLayer() throws {
        let (inspection, _) = try inspect { try $0.orthogonalise(.init(perLayer: true)) }
        #expect(inspection.directions?.count == 2)
        #expect(inspection.directions?.map(\.tensorCount) == [2, 2])
        #expect(inspection.summary.contains("none of 2 directions matches"))
    }

    @Test("Where no direction was taken out, the base is not asked")
    func notAsked() throws {
        let (inspection, wasAsked) = try inspect {
            try $0.addAdapters(rank: 2, scale: 0.05, modules: Weights.all)
        }
        #expect(!wasAsked && inspection.directions == nil)
    }

    @Test("Random directions stay below the bound of chance", arguments: [8, 64, 576])
    func chance(width: Int) throws {
        let (pairs, trials) = (20, 500)
        let bound = DirectionMatch.chance(width: width, pairs: pairs)
        #expect(bound < 1 && DirectionMatch.chance(width: width, pairs: 2 * pairs) > bound)
        let values = try Tensor.normal([trials * pairs, width], key: RandomKey(seed: 42)).values()
        let axis = (0..<width).map { Float($0 == 0 ? 1 : 0) }
        let exceeding = (0..<trials).count { trial in
            (0..<pairs).contains { pair in
                let start = (trial * pairs + pair) * width
                return abs(cosine(Array(values[start..<start + width]), axis)) > bound
            }
        }
        // Half a trial is expected at most; four come by chance less than once in five hundred.
        #expect(exceeding < 4)
    }

    @Test("On the sphere in three dimensions the bound is near the exact one")
    func sphere() {
        // There, |cos| is uniform: it exceeds t with probability 1 - t.
        let bound = DirectionMatch.chance(width: 3, pairs: 1)
        #expect(1 - bound <= DirectionMatch.probability)
        #expect(1 - bound > DirectionMatch.probability / 3)
    }
}

/// A real model with a refusal safeguard, named by `TEMPER_FORENSICS_MODEL`; it takes minutes.
@Suite(
    "Refusal directions of a real model",
    .enabled(if: ProcessInfo.processInfo.environment["TEMPER_FORENSICS_MODEL"] != nil))
struct RealDirectionTests {
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let candidates: [ResidualDirection]

    init() throws {
        let path = ProcessInfo.processInfo.environment["TEMPER_FORENSICS_MODEL"] ?? ""
        model = try LanguageModel(at: URL(fileURLWithPath: path))
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        suite = try Suites.Suite(at: root.appending(path: "Suites/canary-refusal"))
        candidates = try refusalDirections(of: model, suite: suite, seed: 0)
    }

    private func direction(takingOut direction: Tensor?) throws -> InspectedDirection {
        var made = Weights(tensors: model.weights, key: RandomKey(seed: 51))
        try made.orthogonalise(along: direction)
        let inspection = try Inspector(
            base: MemoryWeights(name: "base", tensors: model.weights),
            derived: MemoryWeights(name: "derived", tensors: made.tensors)
        ).inspect(refusalDirections: { candidates })
        print(inspection.summary)
        return try #require(inspection.directions?.first)
    }

    @Test("One that was read from other prompts matches")
    func matching() throws {
        let layer = model.configuration.layerCount * 3 / 5
        let other = try refusalDirections(of: model, suite: suite, examples: 32, seed: 7)
        let known = try #require(other.first { $0.layer == layer && $0.position == -1 })
        let width = model.configuration.width
        #expect(
            try direction(takingOut: Tensor(known.components, shape: [width, 1])).matches)
    }

    @Test("A random one does not")
    func random() throws {
        #expect(try !direction(takingOut: nil).matches)
    }
}
