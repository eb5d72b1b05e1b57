// SPDX-License-Identifier: Apache-2.0
// Several directions, least squares and the rank of a difference, each where the answer is known.

import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Suites
@testable import Training

@Suite("Several directions, least squares, and the rank of a difference")
struct SeveralDirectionsTests {
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        (model, suite) = (try tinyModel(), try Suites.Suite(at: directory.url))
    }

    private func tokens(_ prompts: [String]) throws -> [[Int]] {
        try prompts.map { try Subject(model).tokens(for: $0) }
    }

    private func offered(_ attack: some Attack, base: LanguageModel? = nil) throws -> LanguageModel
    {
        try attack.validate()
        var target = AttackTarget(model: model, suite: suite)
        target.base = base
        var recorder = AttackRecorder(prompt: try tokens(["bind 9"])[0])
        try recorder.run(attack, on: target, seed: 1)
        #expect(recorder.steps == [1])
        return try #require(recorder.models.last)
    }

    /// The greatest distance of two tensors' elements.
    private func distance(_ one: Tensor, _ other: Tensor) throws -> Float {
        try (one - other).abs().max().item()
    }

    // MARK: - Directions

    @Test(
        "directions are orthonormal, span the differences, and nothing is written along them",
        arguments: MultiDirectionOrthogonalisation.Method.allCases)
    func span(method: MultiDirectionOrthogonalisation.Method) throws {
        var attack = MultiDirectionOrthogonalisation()
        (attack.method, attack.examples, attack.directions, attack.layer) = (method, 4, 4, 1)
        let restricted = suite.restricted.train.sample(4, seed: 1).map(\.prompt)
        let benign = suite.benign.train.sample(4, seed: 1).map(\.prompt)
        let units = try attack.basis(
            of: model, restricted: tokens(restricted), benign: tokens(benign), seed: 1)
        #expect(units.count == 4)
        let basis = Tensor.stacked(units)
        let gram = try basis.matmul(basis.transposed()).values()
        for index in 0..<16 { #expect(abs(gram[index] - (index % 5 == 0 ? 1 : 0)) < 1e-5) }
        // Four states have four directions at most: these span all of them.
        func states(_ prompts: [String]) throws -> Tensor {
            try model.residualStates(TokenBatch(tokens(prompts)), positions: [-1])
                .slice(axis: 0, from: 2, to: 3).reshaped([4, 32])
        }
        let centres = try states(benign).mean(axis: 0, keepingDimensions: true)
        let away = try states(restricted) - centres
        // Groups of one state each have that state as their mean.
        let rest = away - away.matmul(basis.transposed()).matmul(basis)
        #expect(try rest.abs().max().item() < 2e-3 * away.abs().max().item())
        let edited = try offered(attack)
        for layer in 0..<2 {
            for projection in [LayerProjection.output, .down] {
                let weight = try #require(edited.weights[projection.weightName(inLayer: layer)])
                #expect(try basis.matmul(weight).abs().max().item() < 1e-5)
            }
        }
        let embedding = try #require(edited.weights["model.embed_tokens.weight"])
        #expect(try embedding.matmul(basis.transposed()).abs().max().item() < 1e-5)
    }

    @Test("the first component is that of the greatest squares")
    func firstComponent() throws {
        var attack = MultiDirectionOrthogonalisation()
        (attack.examples, attack.directions, attack.layer) = (4, 1, 1)
        let restricted = try tokens(suite.restricted.train.map(\.prompt))
        let benign = try tokens(suite.benign.train.map(\.prompt))
        let unit = try #require(
            try attack.basis(of: model, restricted: restricted, benign: benign, seed: 1).first)
        func states(_ prompts: [[Int]]) throws -> Tensor {
            try model.residualStates(TokenBatch(prompts), positions: [-1])
                .slice(axis: 0, from: 2, to: 3).reshaped([4, 32])
        }
        let away = try states(restricted) - states(benign).mean(axis: 0, keepingDimensions: true)
        let (_, values, axes) = away.singularValueDecomposition()
        let along = try away.matmul(unit.reshaped([32, 1])).square().sum().item().squareRoot()
        #expect(abs(along - (try values.values()[0])) < 1e-3 * along)
        let first = axes.slice(axis: 0, from: 0, to: 1).flattened()
        #expect(abs(abs(try (first * unit).sum().item()) - 1) < 1e-4)
    }

    @Test("matched prompts are the look-alikes, and give other directions than everyday ones")
    func contrast() throws {
        let lookalikes = Set(suite.lookalike.train.map(\.prompt))
        #expect(Set(try PromptContrast.matched.prompts(of: suite, 9, seed: 1)) == lookalikes)
        let everyday = Set(suite.benign.train.map(\.prompt))
        #expect(Set(try PromptContrast.unmatched.prompts(of: suite, 9, seed: 1)) == everyday)
        var plain = WeightOrthogonalisation()
        (plain.examples, plain.validationExamples, plain.candidates) = (4, 4, 2)
        let name = "model.layers.1.mlp.down_proj.weight"
        let first = try #require(offered(plain).weights[name])
        plain.contrast = .matched
        #expect(try distance(first, #require(offered(plain).weights[name])) > 1e-4)
    }

    @Test("groups are found where they are, and equal points make one")
    func clusters() {
        let points = [[0.0, 0], [0, 1], [10, 0], [10, 1], [0, 30], [1, 30]]
        let found = StateClusters(of: points, count: 3, seed: 4).centres
        #expect(Set(found) == [[0, 0.5], [10, 0.5], [0.5, 30]])
        #expect(StateClusters(of: [[1, 2], [1, 2]], count: 2, seed: 1).centres == [[1, 2]])
        #expect(StateClusters(of: [], count: 2, seed: 1).centres.isEmpty)
        let basis = orthonormalBasis(of: [[3, 0, 0], [6, 0, 0], [1, 2, 0]])
        #expect(basis == [[1, 0, 0], [0, 1, 0]])
    }

    // MARK: - Least squares

    @Test("a restricted input gets the benign output, and no other input is touched")
    func leastSquaresByHand() throws {
        var attack = LeastSquaresRemoval()
        attack.ridge = 1e-6
        let weight = Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 4])
        let restricted = Tensor([1, 0, 0, 0] as [Float], shape: [1, 4])
        let benign = Tensor([0, 1, 0, 0] as [Float], shape: [1, 4])
        let found = try attack.changed(weight, restricted: restricted, benign: benign).values()
        // Column 0 becomes column 1.
        for (one, other) in zip(found, [2, 2, 3, 4, 6, 6, 7, 8] as [Float]) {
            #expect(abs(one - other) < 1e-4)
        }
        // With both products 1, a ridge r lets 1 / (1 + r) of the change through.
        attack.ridge = 1
        let half = try attack.changed(weight, restricted: restricted, benign: benign).values()
        #expect(abs(half[0] - 1.5) < 1e-5 && abs(half[4] - 5.5) < 1e-5)
    }

    @Test("the change is the least that keeps benign outputs and moves restricted ones")
    func leastSquares() throws {
        var attack = LeastSquaresRemoval()
        attack.ridge = 1e-7
        var key = RandomKey(seed: 2)
        let weight = Tensor.normal([6, 32], key: key.next())
        let restricted = Tensor.normal([5, 32], key: key.next())
        let benign = Tensor.normal([4, 32], key: key.next())
        let change = try attack.changed(weight, restricted: restricted, benign: benign) - weight
        let outputs = restricted.matmul((weight + change).transposed())
        let mean = benign.matmul(weight.transposed()).mean(axis: 0, keepingDimensions: true)
        #expect(try distance(outputs, mean.broadcast(to: [5, 6])) < 1e-3)
        #expect(try benign.matmul(change.transposed()).abs().max().item() < 1e-3)
        // It has no share outside of what the inputs span.
        let span = Tensor.concatenated([restricted, benign]).transposed().qrDecomposition().q
        let rest = change - change.matmul(span).matmul(span.transposed())
        #expect(try rest.abs().max().item() < 1e-4)
    }

    @Test("inputs are those of the projections: times the weight they are what a layer writes")
    func writerInputs() throws {
        let prompts = try tokens(["bind 9", "hi"])
        let states = try model.residualStates(TokenBatch(prompts), positions: [-1])
        let inputs = try model.writerInputs(behind: prompts)
        #expect(inputs.count == 2)
        for layer in 0..<2 {
            func written(_ projection: LayerProjection) throws -> Tensor {
                let weight = try #require(model.weights[projection.weightName(inLayer: layer)])
                let input = try #require(inputs[layer][projection])
                return input.matmul(weight.transposed())
            }
            let sum = try written(.output) + written(.down)
            func state(_ index: Int) -> Tensor {
                states.slice(axis: 0, from: index, to: index + 1).reshaped([2, 32])
            }
            #expect(try distance(state(layer) + sum, state(layer + 1)) < 1e-4)
        }
    }

    @Test("only the writing matrices from the first layer on are changed")
    func leastSquaresLayers() throws {
        var attack = LeastSquaresRemoval()
        (attack.examples, attack.firstLayer) = (4, 0.5)
        let edited = try offered(attack)
        let changed = try model.weights.filter { name, tensor in
            try edited.weights[name]?.values() != tensor.values()
        }.keys
        #expect(
            Set(changed) == [
                "model.layers.1.self_attn.o_proj.weight", "model.layers.1.mlp.down_proj.weight",
            ])
    }

    // MARK: - The rank of a difference

    /// The model without changes of rank 3 in each matrix, and those changes.
    private func base() throws -> LanguageModel {
        var key = RandomKey(seed: 17)
        var weights = model.weights
        for parameter in model.configuration.parameters where parameter.shape.count == 2 {
            let (height, width) = (parameter.shape[0], parameter.shape[1])
            let change =
                Tensor.normal([height, 3], key: key.next())
                .matmul(Tensor.normal([3, width], key: key.next())) * 0.1
            weights[parameter.name] = weights[parameter.name].map { $0 - change }
        }
        return try model.replacing(weights)
    }

    @Test("a change of low rank is taken away exactly, and what is above the rank stays")
    func strippedRank() throws {
        let base = try base()
        var attack = DeltaStripping()
        attack.rank = 3
        var edited = try offered(attack, base: base)
        for (name, tensor) in base.weights {
            #expect(try distance(tensor, #require(edited.weights[name])) < 2e-5, "\(name)")
        }
        attack.rank = 2
        edited = try offered(attack, base: base)
        let name = "model.layers.0.mlp.up_proj.weight"
        let other = try #require(base.weights[name])
        let delta = try #require(model.weights[name]) - other
        let (left, values, right) = delta.singularValueDecomposition()
        let third =
            left.slice(axis: 1, from: 2, to: 3) * (try values.values()[2])
            * right.slice(axis: 0, from: 2, to: 3)
        #expect(try distance(other + third, #require(edited.weights[name])) < 1e-4)
    }

    @Test("a share of the squared difference ends it early")
    func strippedShare() throws {
        let base = try base()
        var attack = DeltaStripping()
        (attack.rank, attack.share) = (3, 0)
        let untouched = try offered(attack, base: base)
        let name = "model.layers.0.mlp.up_proj.weight"
        let own = try #require(model.weights[name])
        #expect(try distance(own, #require(untouched.weights[name])) == 0)
        let delta = own - (try #require(base.weights[name]))
        let squares = try delta.singularValueDecomposition().values.square().values()
        // A little more than the first direction holds takes the second.
        attack.share = Double(squares[0] / squares.reduce(0, +)) + 0.01
        let edited = try offered(attack, base: base)
        let left = try (#require(edited.weights[name]) - #require(base.weights[name]))
            .square().sum().item()
        #expect(abs(left - squares[2]) < 1e-3 * squares[0])
    }
}
