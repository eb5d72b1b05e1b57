// SPDX-License-Identifier: Apache-2.0
// Edits of weights on architectures unlike Llama's: experts, plain networks, other arrangements.

import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries

@Suite("Edits on other architectures")
struct ArchitectureTests {
    static let names = ["experts", "parallel", "plain", "behind", "partial"]

    private func configuration(_ name: String) throws -> DecoderConfiguration {
        var attention = DecoderConfiguration.Attention(
            headCount: 4, keyValueHeadCount: 2, headDimension: 8)
        var norm = DecoderConfiguration.Normalisation(epsilon: 1e-5)
        var feedForward = DecoderConfiguration.FeedForward.gated(width: 48)
        var arrangement = DecoderConfiguration.Arrangement.normBefore
        var biased: [LayerProjection] = []
        switch name {
        case "experts":
            var experts = DecoderConfiguration.Experts(count: 4, perToken: 2, width: 16)
            experts.sharedWidth = 24
            experts.routerIsBiased = true
            feedForward = .experts(experts)
            biased = [.gate, .up, .down, .output]
        case "parallel":
            arrangement = .parallel
            norm.kind = .layer
            attention.rotary.isInterleaved = true
        case "plain":
            feedForward = .plain(width: 48, activation: .geluTanh)
            norm.kind = .biasedLayer
            biased = LayerProjection.allCases
        case "behind":
            arrangement = .normAfter
            attention.headNorm = .allHeads
        default:
            attention.rotary.share = 0.5
            attention.hasSinks = true
        }
        return try DecoderConfiguration(
            vocabularySize: 258, width: 32, feedForward: feedForward, layerCount: 2,
            contextLength: 512, attention: attention, normalisation: norm,
            arrangement: arrangement, biasedProjections: biased)
    }

    private func model(_ name: String) throws -> LanguageModel {
        let (tiny, configuration) = (try tinyModel(), try configuration(name))
        var key = RandomKey(seed: 5)
        let weights = configuration.parameters.map { parameter in
            let noise = Tensor.normal(parameter.shape, key: key.next()) * 0.2
            return (parameter.name, parameter.name.hasSuffix("norm.weight") ? noise + 1 : noise)
        }
        return try LanguageModel(
            name: name, configuration: configuration,
            weights: Dictionary(weights, uniquingKeysWith: { first, _ in first }),
            tokenizer: tiny.tokenizer)
    }

    private let texts = [[3, 200, 17, 4, 90], [7, 7, 8]]

    @Test("a canonicalised model computes the same", arguments: names)
    func canonicalisation(name: String) throws {
        let model = try model(name)
        let found = try model.canonicalised()
        let (one, other) = try (
            model.nextTokenLogProbabilities(after: texts).values(),
            found.nextTokenLogProbabilities(after: texts).values()
        )
        #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test(
        "an orthogonalised model writes nothing along the direction",
        arguments: names.filter { $0 != "behind" })
    func orthogonalisation(name: String) throws {
        let direction = Tensor.normal([32], key: RandomKey(seed: 8)).normalisedRows
        let model = try model(name)
        func shares(_ model: LanguageModel) throws -> Float {
            let states = try model.residualStates(TokenBatch(texts), positions: [-1, -2, -3])
            return try (states * direction).sum(axis: -1).abs().max().item()
        }
        #expect(try shares(model) > 0.1)
        #expect(try shares(model.orthogonalised(to: direction)) < 1e-5)
    }

    @Test("of experts, a token pays for those that it takes")
    func activeParameters() throws {
        let model = try model("experts")
        // Attention, router, two of four experts, the shared expert and its gate, and the head.
        let attention = 32 * 32 + 2 * 16 * 32 + 32 * 32
        let experts = 4 * 32 + 2 * 3 * 16 * 32 + 3 * 24 * 32 + 32
        #expect(model.matrixParameterCount == 2 * (attention + experts) + 258 * 32)
    }
}
