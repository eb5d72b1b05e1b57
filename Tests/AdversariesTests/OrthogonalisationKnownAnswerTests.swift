// SPDX-License-Identifier: Apache-2.0
// Orthogonalisation beside NumPy; Goldens/make-orthogonalisation.py says how its numbers were made.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Measuring
@testable import Suites
@testable import Training

@Suite("Orthogonalisation and NumPy's")
struct OrthogonalisationKnownAnswerTests {
    /// What `make-orthogonalisation.py` wrote.
    private struct Golden: Decodable {
        /// Some rows of a matrix by their index, and the norms of all.
        struct Samples: Decodable {
            let rows: [String: [Double]]
            let norms: [Double]
        }

        struct Logits: Decodable {
            let openings: [Int]
            let refusal: [Double]
            let divergence: Double
        }

        struct Candidate: Decodable {
            let layer: Int
            let position: Int
            let difference: [Double]
            let separation: Double
            let bypass: Double
            let divergence: Double
            let induction: Double
        }

        struct Strength: Decodable {
            let name: String
            let strength: Double
            let plain: Samples
            let rowsKept: Samples
            let evenRowsKept: Samples
        }

        struct SharedDirection: Decodable {
            let index: Double
            let row: [Double]
        }

        let logits: Logits
        let candidates: [Candidate]
        let orthogonalised: [String: Samples]
        let nextTokens: [Double]
        let untouchedNextTokens: [Double]
        let tents: [String: [Double]]
        let strengths: [Strength]
        let sharedDirection: SharedDirection
    }

    private let reference: Golden
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let directory: TemporaryDirectory
    private let prompt: [Int]

    init() throws {
        reference = try golden("orthogonalisation")
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        suite = try Suites.Suite(at: directory.url)
        let tiny = try tinyModel()
        var weights: [String: Tensor] = [:]
        for (index, name) in tiny.weights.keys.sorted().enumerated() {
            let shape = tiny.weights[name]?.shape ?? []
            let numbers = Self.noise(index, shape)
            weights[name] = shape.count == 1 ? numbers + 1.0 : numbers * 0.75
        }
        model = try tiny.replacing(weights)
        prompt = try Subject(model).tokens(for: "bind 9")
    }

    /// The numbers that the script's function of this name makes.
    private static func noise(_ matrix: Int, _ shape: [Int]) -> Tensor {
        let mixing: [(shift: UInt32, factor: UInt32)] = [(15, 0x2C1B_3C6D), (12, 0x297A_2D39)]
        let count = shape.reduce(1, *)
        let values = (0..<count).map { index -> Float in
            var bits = UInt32(index) &* 0x9E37_79B1 &+ UInt32(matrix) &* 0x85EB_CA77
            for step in mixing {
                bits ^= bits >> step.shift
                bits = bits &* step.factor
            }
            bits ^= bits >> 15
            return Float(Double(bits) / 4_294_967_296 - 0.5)
        }
        return Tensor(values, shape: shape)
    }

    private func doubles(_ tensor: Tensor) throws -> [Double] {
        try tensor.values().map { Double($0) }
    }

    /// Expects rows and norms of a matrix to be the golden's.
    private func expect(_ matrix: Tensor?, is samples: Golden.Samples, _ name: String) throws {
        let matrix = try #require(matrix)
        let values = try doubles(matrix)
        let columns = try #require(matrix.shape.last)
        #expect(!samples.rows.isEmpty)
        for (row, expected) in samples.rows {
            let start = try #require(Int(row)) * columns
            let found = Array(values[start..<start + columns])
            #expect(farthest(found, expected) < 2e-6, "\(name), row \(row)")
        }
        let norms = try doubles(matrix.rowNorms)
        #expect(farthest(norms, samples.norms) < 5e-6, "\(name)")
    }

    // MARK: - Scores

    @Test("the refusal score and the divergence of given logits are those of the definition")
    func scores() throws {
        let logits = [2000, 2001].map { Self.noise($0, [6, 12]) * 16 }
        let score = RefusalScore(openings: reference.logits.openings)
        #expect(farthest(try score.scores(from: logits[0]), reference.logits.refusal) < 1e-4)
        let predictions = logits.map { $0.logSoftmax(axis: -1) }
        let divergence = try predictions[0].meanDivergence(of: predictions[1])
        #expect(abs(divergence - reference.logits.divergence) < 1e-4)
    }

    @Test("the model under test predicts what NumPy predicts")
    func untouched() throws {
        let found = try doubles(model.nextTokenLogProbabilities(after: [prompt]))
        #expect(farthest(found, reference.untouchedNextTokens) < 1e-4)
    }

    // MARK: - The published search

    @Test("candidates are differences of means, and have the scores of their ablation")
    func candidates() throws {
        let search = try DirectionSearch(
            model: model, score: RefusalScore(suite: suite, tokenizer: model.tokenizer),
            restricted: suite.restricted.validation.map(\.prompt),
            benign: suite.benign.validation.map(\.prompt), positions: 0)
        var meter = CostMeter(model: model, prices: Prices())
        let found = try search.candidates(
            restricted: suite.restricted.train.map(\.prompt),
            benign: suite.benign.train.map(\.prompt), layers: 2, meter: &meter)
        #expect(found.map(\.layer) == reference.candidates.map(\.layer))
        #expect(found.map(\.position) == reference.candidates.map(\.position))
        for (unscored, expected) in zip(found, reference.candidates) {
            var candidate = unscored
            try search.score(&candidate, meter: &meter)
            let place = "layer \(candidate.layer), position \(candidate.position)"
            let difference = try doubles(candidate.difference)
            #expect(farthest(difference, expected.difference) < 1e-5, "\(place)")
            let norm = expected.difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let direction = try doubles(candidate.direction)
            #expect(
                farthest(direction, expected.difference.map { $0 / norm }) < 1e-4, "\(place)")
            #expect(abs(candidate.separation - expected.separation) < 1e-2, "\(place)")
            #expect(abs(candidate.bypass - expected.bypass) < 1e-3, "\(place)")
            #expect(abs(candidate.divergence - expected.divergence) < 1e-4, "\(place)")
            let induction = try search.induction(of: candidate, meter: &meter)
            #expect(abs(induction - expected.induction) < 1e-3, "\(place)")
        }
    }

    @Test("the attack chooses and projects out the direction that NumPy does")
    func attack() throws {
        var recorder = AttackRecorder(prompt: prompt)
        try recorder.run(
            WeightOrthogonalisation(), on: AttackTarget(model: model, suite: suite), seed: 1)
        let offered = try #require(recorder.models.first)
        for (name, samples) in reference.orthogonalised {
            try expect(offered.weights[name], is: samples, name)
        }
        let untouched = Set(reference.orthogonalised.keys)
        for name in model.weights.keys where !untouched.contains(name) {
            #expect(try offered.weights[name]?.values() == model.weights[name]?.values(), "\(name)")
        }
        let found = try #require(recorder.logits.first).map { Double($0) }
        #expect(farthest(found, reference.nextTokens) < 1e-3)
    }

    // MARK: - Strengths over the layers

    private var strengths: LayerStrengths {
        get throws {
            func tent(_ name: String) throws -> LayerStrengths.Tent {
                let numbers = try #require(reference.tents[name])
                return LayerStrengths.Tent(
                    most: numbers[0], least: numbers[1], centre: numbers[2], reach: numbers[3])
            }
            return LayerStrengths(output: try tent("output"), down: try tent("down"))
        }
    }

    /// Unit vectors in front of each layer and behind the last, `[3, 32]`.
    private var directions: Tensor { Self.noise(1000, [3, 32]).normalisedRows }

    private func edited(_ model: LanguageModel, keepingRowNorms: Bool) throws -> LanguageModel {
        let (strengths, directions) = (try self.strengths, self.directions)
        return try model.orthogonalised(
            keepingRowNorms: keepingRowNorms,
            strength: { strengths.strength(of: $0, inLayer: $1) },
            direction: { strengths.direction(ofLayer: $0, among: directions) })
    }

    @Test("W becomes (I - s r r') W, and with rows kept each row has its norm again")
    func byStrength() throws {
        let plain = try edited(model, keepingRowNorms: false)
        let kept = try edited(model, keepingRowNorms: true)
        #expect(reference.strengths.count == 4)
        for expected in reference.strengths {
            try expect(plain.weights[expected.name], is: expected.plain, expected.name)
            try expect(kept.weights[expected.name], is: expected.rowsKept, expected.name)
            let before = try #require(model.weights[expected.name])
            #expect(
                farthest(expected.rowsKept.norms, try doubles(before.rowNorms)) < 5e-6,
                "\(expected.name)")
        }
    }

    @Test("where all rows have one norm, keeping them is heretic's way of keeping them")
    func evenRows() throws {
        var even: [String: Tensor] = [:]
        for name in reference.strengths.map(\.name) {
            let weight = try #require(model.weights[name])
            let columns = try #require(weight.shape.last)
            let values = try doubles(weight)
            let starts = stride(from: 0, to: values.count, by: columns)
            let scaled = starts.flatMap { start -> [Float] in
                let row = values[start..<start + columns]
                let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return row.map { Float($0 / norm * 1.5) }
            }
            even[name] = Tensor(scaled, shape: weight.shape)
        }
        let kept = try edited(model.replacing(even), keepingRowNorms: true)
        for expected in reference.strengths {
            try expect(kept.weights[expected.name], is: expected.evenRowsKept, expected.name)
        }
    }

    @Test("a direction between two layers is on the line between theirs, with norm 1")
    func sharedDirection() throws {
        var shared = try strengths
        shared.shared = reference.sharedDirection.index
        for layer in 0..<2 {
            let found = try doubles(shared.direction(ofLayer: layer, among: directions))
            #expect(farthest(found, reference.sharedDirection.row) < 1e-6)
        }
    }
}
