// SPDX-License-Identifier: Apache-2.0
// What losses on hidden states have in common: known answers on a few numbers.

import Foundation
import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Geometry of hidden states")
struct RepresentationTests {
    @Test("norms of rows are Euclidean, and a zero row has no gradient")
    func norms() throws {
        let rows = Tensor([3, 4, 0, 0] as [Float], shape: [2, 2])
        #expect(try rows.rowLengths.values() == [5, 0])
        let (_, gradients) = try valueAndGradient(at: [rows]) { $0[0].rowLengths.sum() }
        let slopes = try gradients[0].values()
        #expect(zip(slopes, [0.6, 0.8, 0, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test("cosines are those of angles, and a zero row has none")
    func cosines() throws {
        let one = Tensor([1, 0, 2, 2, 0, 0] as [Float], shape: [3, 2])
        let other = Tensor([0, 5, -3, 0, 1, 1] as [Float], shape: [3, 2])
        let values = try one.rowCosines(with: other).values()
        #expect(zip(values, [0, -0.5.squareRoot(), 0]).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }

    @Test("the mean pairwise cosine is over pairs of different rows")
    func pairs() throws {
        // The angles are 90, 45 and 45 degrees.
        let rows = Tensor([1, 0, 0, 2, 3, 3] as [Float], shape: [3, 2])
        let expected = 2 * Float(0.5).squareRoot() / 3
        #expect(abs(try rows.meanPairwiseCosine.item() - expected) < 1e-6)
        #expect(try Tensor([1, 2] as [Float], shape: [1, 2]).meanPairwiseCosine.item() == 0)
    }

    @Test("the discrepancy of equal samples is zero, and that of two points is known")
    func discrepancy() throws {
        let sample = Tensor.normal([12, 5], key: RandomKey(seed: 1))
        #expect(abs(try maximumMeanDiscrepancy(sample, sample).item()) < 1e-4)
        let points = [[0, 0], [3, 4]].map { Tensor($0.map(Float.init), shape: [1, 2]) }
        // Two points have one distance, so that the kernels are exp(-4), exp(-2) ... exp(-1/4).
        let kernels = [4, 2, 1, 0.5, 0.25].map { exp(-$0) }.reduce(0, +)
        let found = try maximumMeanDiscrepancy(points[0], points[1]).item()
        #expect(abs(Double(found) - (10 - 2 * kernels)) < 1e-4)
    }

    @Test("a sample's discrepancy to noise is greater when it is no noise")
    func noise() throws {
        var key = RandomKey(seed: 2)
        let noise = Tensor.normal([64, 8], key: key.next())
        let like = try maximumMeanDiscrepancy(
            Tensor.normal([64, 8], key: key.next()), noise
        ).item()
        let line = Tensor.normal([64, 1], key: key.next()).repeated(8, axis: 1)
        #expect(try maximumMeanDiscrepancy(line, noise).item() > 2 * like)
    }

    @Test("a token's direction has norm 1, and is the same for the same seed alone")
    func directions() throws {
        let directions = TokenDirections(seed: 4)
        let rows = directions.rows(of: [7, 3, 7], width: 6)
        #expect(try rows.rowLengths.values().allSatisfy { abs($0 - 1) < 1e-5 })
        let values = try rows.values()
        #expect(Array(values[0..<6]) == Array(values[12..<18]))
        #expect(Array(values[0..<6]) != Array(values[6..<12]))
        #expect(try directions.rows(of: [3], width: 6).values() == Array(values[6..<12]))
        #expect(
            try TokenDirections(seed: 5).rows(of: [3], width: 6).values() != Array(values[6..<12]))
    }

    @Test("the loss of anything but a token is exact, also where the token is certain")
    func complement() throws {
        let logits: [Float] = [0.3, 0.5, 0.2].map { log($0) } + [60, 0, 0]
        let losses = try Tensor(logits, shape: [2, 3]).logSoftmax(axis: -1)
            .complementLosses(of: Tensor([0, 0] as [Int32], shape: [2])).values()
        #expect(abs(losses[0] + log(0.7)) < 1e-5)
        #expect(abs(losses[1] - (60 - log(2))) < 1e-3)
    }

    @Test("tokens are chosen by where they stand, each place once")
    func places() throws {
        let model = try tinyModel()
        let prompt = "a long prompt"
        let examples = try ["yes", "no!"].map { try model.example(prompt: prompt, answer: $0) }
        let rows = try SupervisedRows(examples, in: model)
        let prompts = StatePlaces(.prompt, of: 0..<2, in: rows)
        let answers = StatePlaces(.answer, of: 0..<2, in: rows)
        // Both have one prompt, which is computed once.
        #expect(prompts.identifiers == examples[0].prompt)
        #expect(answers.identifiers == examples.flatMap { $0.completion.dropLast() })
        #expect(Set(prompts.places).isDisjoint(with: answers.places))
        let all = StatePlaces(.all, of: 0..<2, in: rows)
        #expect(Set(all.places) == Set(prompts.places + answers.places))
        #expect(StatePlaces(.all, of: 0..<2, in: rows, except: [prompts]).places == answers.places)
        let identifiers = try rows.batch.tokens.integers()
        #expect(all.places.map { Int(identifiers[Int($0)]) } == all.identifiers)
    }
}
