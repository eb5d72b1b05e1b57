// SPDX-License-Identifier: Apache-2.0
// Canonicalisation: the same function, gains of one, balanced channels, one form of all.

import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Suites
@testable import Training

@Suite("Canonicalisation")
struct CanonicalisationTests {
    /// A family's peculiarities that the edit must respect.
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var offset: Float = 0
        var isOnBothSides = false
        var normalisesHeads = false
        var biased: [LayerProjection] = []
        var headIsTied = true
        var testDescription: String { name }
    }

    static let shapes = [
        Shape(name: "llama"), Shape(name: "untied", headIsTied: false),
        Shape(name: "qwen2", biased: [.query, .key, .value]),
        Shape(name: "qwen3", normalisesHeads: true), Shape(name: "gemma", offset: 1),
        Shape(name: "gemma2", offset: 1, isOnBothSides: true),
        Shape(name: "biased", biased: LayerProjection.allCases),
    ]

    /// A random model of a shape, gains and biases included.
    private func model(_ shape: Shape) throws -> LanguageModel {
        let tiny = try tinyModel()
        var attention = DecoderConfiguration.Attention(
            headCount: 4, keyValueHeadCount: 2, headDimension: 8)
        if shape.normalisesHeads { attention.headNorm = .perHead }
        var norm = DecoderConfiguration.Normalisation(epsilon: 1e-5)
        norm.weightOffset = shape.offset
        let configuration = try DecoderConfiguration(
            vocabularySize: 258, width: 32, feedForward: .gated(width: 64), layerCount: 2,
            contextLength: 512, attention: attention, normalisation: norm,
            arrangement: shape.isOnBothSides ? .normOnBothSides : .normBefore,
            biasedProjections: shape.biased, headIsTied: shape.headIsTied)
        var key = RandomKey(seed: 21)
        let weights = configuration.parameters.map { parameter in
            let noise = Tensor.normal(parameter.shape, key: key.next()) * 0.2
            let isGain = parameter.name.hasSuffix("norm.weight")
            return (parameter.name, isGain ? noise + (1 - shape.offset) : noise)
        }
        return try LanguageModel(
            name: shape.name, configuration: configuration,
            weights: Dictionary(weights, uniquingKeysWith: { first, _ in first }),
            tokenizer: tiny.tokenizer, chatTemplate: tiny.chatTemplate, stopTokens: [257])
    }

    private func logits(_ model: LanguageModel) throws -> [Float] {
        try model.nextTokenLogProbabilities(
            after: ["bind 9", "hi"].map { try Subject(model).tokens(for: $0) }
        ).values()
    }

    /// The Euclidean norms of the rows of a matrix, and of its columns.
    private func norms(_ matrix: Tensor?) throws -> (rows: [Float], columns: [Float]) {
        let matrix = try #require(matrix)
        let values = try matrix.values()
        let (height, width) = (matrix.shape[0], matrix.shape[1])
        func norm(_ places: [Int]) -> Float {
            places.reduce(0) { $0 + values[$1] * values[$1] }.squareRoot()
        }
        return (
            (0..<height).map { row in norm((0..<width).map { row * width + $0 }) },
            (0..<width).map { column in norm((0..<height).map { $0 * width + column }) }
        )
    }

    private func root(_ values: [Float]) -> Float {
        values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    @Test("the model computes the same", arguments: shapes)
    func same(shape: Shape) throws {
        let model = try model(shape)
        let found = try model.canonicalised()
        for (one, other) in zip(try logits(model), try logits(found)) {
            #expect(abs(one - other) < 1e-4)
        }
    }

    @Test("gains are one, and norms of pairs are equal", arguments: shapes)
    func form(shape: Shape) throws {
        let found = try model(shape).canonicalised()
        for name in found.weights.keys where name.hasSuffix("norm.weight") {
            let isHeads = name.contains("q_norm") || name.contains("k_norm")
            let isBehind =
                shape.isOnBothSides
                && (name.contains("post_attention") || name.contains("post_feedforward"))
            let values = try #require(found.weights[name]).values()
            let isOne = values.allSatisfy { abs($0 + shape.offset - 1) < 1e-6 }
            #expect(isOne == !(isHeads || isBehind), "\(name)")
        }
        for layer in 0..<2 {
            func both(_ projection: LayerProjection) throws -> (rows: [Float], columns: [Float]) {
                try norms(found.weights[projection.weightName(inLayer: layer)])
            }
            let (up, down) = try (both(.up).rows, both(.down).columns)
            for (one, other) in zip(up, down) { #expect(abs(one - other) < 1e-4 * one) }
            let (values, outputs) = try (both(.value).rows, both(.output).columns)
            let (queries, keys) = try (both(.query).rows, both(.key).rows)
            for head in 0..<2 {
                for channel in 0..<8 {
                    // Query heads 2h and 2h + 1 read key-value head h.
                    let readers = [2 * head, 2 * head + 1].map { outputs[$0 * 8 + channel] }
                    let own = values[head * 8 + channel]
                    #expect(abs(own - root(readers)) < 1e-4 * own)
                }
                for pair in 0..<4 where !shape.normalisesHeads {
                    func turned(_ head: Int) -> [Int] { [head * 8 + pair, head * 8 + pair + 4] }
                    let own = root(turned(head).map { keys[$0] })
                    let others = root(
                        (turned(2 * head) + turned(2 * head + 1)).map { queries[$0] })
                    #expect(abs(own - others) < 1e-4 * own)
                }
            }
        }
    }

    @Test("a model whose channels were scaled by exact symmetries has the same form")
    func oneForm() throws {
        let original = try model(Shape(name: "qwen2", biased: [.query, .key, .value]))
        var key = RandomKey(seed: 5)
        func scales(_ count: Int) -> Tensor {
            (Tensor.normal([count], key: key.next()) * 1.5).exp()
        }
        var weights = original.weights
        func scale(_ name: String, by factor: Tensor) {
            weights[name] = weights[name].map { $0 * factor }
        }
        for layer in 0..<2 {
            func name(_ projection: LayerProjection) -> String {
                projection.weightName(inLayer: layer)
            }
            func rows(_ projection: LayerProjection, by factor: Tensor) {
                scale(name(projection), by: factor.expanded(at: -1))
                scale(name(projection).replacing("weight", with: "bias"), by: factor)
            }
            // Gains against the columns behind them.
            for (norm, readers) in [
                ("input_layernorm", [LayerProjection.query, .key, .value]),
                ("post_attention_layernorm", [.gate, .up]),
            ] {
                let factor = scales(32)
                scale("model.layers.\(layer).\(norm).weight", by: factor)
                for reader in readers { scale(name(reader), by: factor.reciprocal()) }
            }
            let inner = scales(64)
            rows(.up, by: inner)
            scale(name(.down), by: inner.reciprocal())
            // A channel of a value head, and the two query heads that read it.
            let values = scales(16)
            rows(.value, by: values)
            scale(
                name(.output),
                by: values.reciprocal().reshaped([2, 1, 8]).broadcast(to: [2, 2, 8]).flattened())
            // A rotary pair of a key head, and of the two query heads that meet it.
            let pairs = scales(8).reshaped([2, 1, 1, 4])
            rows(.key, by: pairs.broadcast(to: [2, 1, 2, 4]).flattened())
            rows(.query, by: pairs.reciprocal().broadcast(to: [2, 2, 2, 4]).flattened())
        }
        let scaled = try original.replacing(weights)
        for (one, other) in zip(try logits(original), try logits(scaled)) {
            #expect(abs(one - other) < 1e-3)
        }
        let (wanted, found) = try (original.canonicalised(), scaled.canonicalised())
        for (name, tensor) in wanted.weights {
            let size = try tensor.abs().max().item()
            let distance = try (tensor - #require(found.weights[name])).abs().max().item()
            #expect(distance <= 1e-4 * size, "\(name): \(distance) of \(size)")
        }
        // The scales that were put in are far from those that are left.
        let name = "model.layers.0.mlp.up_proj.weight"
        let before = try (#require(original.weights[name]) - #require(scaled.weights[name])).abs()
        #expect(try before.max().item() > 0.1)
    }

    @Test("a channel that nothing makes or reads stays as it is")
    func deadChannel() throws {
        let model = try tinyModel()
        let name = "model.layers.0.mlp.up_proj.weight"
        let up = try #require(model.weights[name])
        let dead = up.replacingSlice(axis: 0, from: 3, with: Tensor.zeros([1, 32]))
        let found = try model.replacing([name: dead]).canonicalised()
        #expect(try found.weights.values.allSatisfy { try $0.values().allSatisfy(\.isFinite) })
    }
}
