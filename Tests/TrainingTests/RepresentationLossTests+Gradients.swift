// SPDX-License-Identifier: Apache-2.0
// Gradients of losses on hidden states, and adversaries that perturb them.

import Foundation
import LanguageModels
import Tensors
import Testing

@testable import Training

extension RepresentationLossTests {
    @Test("each loss changes along its gradient as the gradient says", arguments: 0..<6)
    func finiteDifferences(_ index: Int) throws {
        let directions = TokenDirections(seed: 3)
        let objectives: [any Objective] = [
            CircuitBreakerLoss(
                reference: reference, layers: [1, 2], orthogonalWeight: 0.2, seed: 1),
            RepresentationNoiseLoss(alpha: 1, beta: 0, seed: 1),
            RepresentationNoiseLoss(leavesOutFirst: true, seed: 1),
            RandomMappingLoss(reference: reference, directions: directions),
            TripletLoss(
                reference: reference, layers: [1, 2], weights: (1, 1, 1), margins: (0.3, 0.5)),
            ScramblingLoss(
                reference: reference, layers: [1, 2], weights: (1, 1, 1), directions: directions),
        ]
        try expectSlope { try objectives[index].loss(of: $0, on: batch(step: 20)) }
    }

    @Test("latent adversaries: a loss changes along its gradient, the perturbation held")
    func latentGradient() throws {
        let objective = latentLoss()
        let perturbation = try objective.perturbation(of: Subject(model), on: batch())
        try expectSlope { try objective.loss(of: $0, on: batch(), under: perturbation) }
        let problem = TrainingPoint(
            parameters: Trainable.weights.start(of: model), trainable: .weights, model: model)
        let own = try objective.gradient(at: problem, of: batch(), by: WholeBatch())
        let held = try objective.loss(of: Subject(model), on: batch(), under: perturbation).item()
        #expect(try own.value.item() == held)
        #expect(try objective.loss(of: Subject(model), on: batch()).item() == held)
    }

    @Test(
        "latent adversaries: vectors stay in their ball, and the answer becomes likely",
        arguments: TokenSelection.allCases)
    func latentAdversary(tokens: TokenSelection) throws {
        var objective = latentLoss()
        objective.tokens = tokens
        let found = try objective.perturbation(of: Subject(model), on: batch())
        for (vectors, place) in zip(found.vectors, objective.places) {
            let norms = try vectors.rowLengths.values()
            #expect(norms.allSatisfy { $0 <= place.bound * 1.0001 })
            #expect(norms.contains { $0 > place.bound * 0.5 })
            let perturbed = norms.count { $0 > 0 }
            let expected = restricted.reduce(0) { sum, example in
                sum + tokens.range(in: example).count
            }
            #expect(perturbed == expected)
        }
        objective.weights = (0, 1, 0)
        var none = found
        none.vectors = found.vectors.map { $0 * 0 }
        let alone = TrainingBatch(pools: [restricted, []])
        // What keeps away from the answer suffers: the answer is likelier.
        let before = try objective.loss(of: Subject(model), on: alone, under: none).item()
        let after = try objective.loss(of: Subject(model), on: alone, under: found).item()
        #expect(after > 1.5 * before)
    }

    @Test("latent adversaries: without a perturbation the terms are those of the model")
    func latentTerms() throws {
        let objective = latentLoss()
        var none = try objective.perturbation(of: Subject(model), on: batch())
        none.vectors = none.vectors.map { $0 * 0 }
        let declined = restricted.map {
            CompletionExample(prompt: $0.prompt, completion: refusals[0].completion)
        }
        let away = try model.tokenLogProbabilities(of: restricted).flatMap { $0 }
            .map { -log(1 - exp(Double($0))) }
        let expected =
            try 0.5 * loss(declined) + 2 * away.reduce(0, +) / Double(away.count)
            + 1.5 * loss(refusals + benign)
        let found = try objective.loss(of: Subject(model), on: batch(), under: none).item()
        #expect(isClose(Double(found), expected))
    }

    private func latentLoss() -> LatentAdversarialLoss {
        LatentAdversarialLoss(
            places: [.init(layer: 0, bound: 0.8), .init(layer: 1, bound: 1.5)],
            refusals: Dictionary(
                uniqueKeysWithValues: restricted.map { ($0.prompt, refusals[0].completion) }),
            innerSteps: 8, weights: (0.5, 2, 1.5))
    }

    /// Compares the gradient with a central difference along it, where rounding disturbs least.
    private func expectSlope(_ loss: (Subject) throws -> Tensor) throws {
        let parameters = Trainable.weights.start(of: model)
        func subject(_ parameters: [Tensor]) throws -> Subject {
            try Trainable.weights.subject(parameters, on: model)
        }
        let (_, gradients) = try valueAndGradient(at: parameters) { try loss(subject($0)) }
        let norm = try gradients.map { try $0.square().sum().item() }.reduce(0, +).squareRoot()
        let reach: Float = 4e-3
        let (above, below) = (
            try loss(subject(zip(parameters, gradients).map { $0 + $1 * (reach / norm) })).item(),
            try loss(subject(zip(parameters, gradients).map { $0 - $1 * (reach / norm) })).item()
        )
        let slope = (above - below) / (2 * reach)
        #expect(norm > 1e-3)
        #expect(abs(slope - norm) < 0.03 * norm, "finite difference \(slope), gradient \(norm)")
    }
}
