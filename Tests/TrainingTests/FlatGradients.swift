// SPDX-License-Identifier: Apache-2.0
// All weights of a tiny model as one list of numbers, for known answers of gradients.

import LanguageModels
import Tensors

@testable import Training

/// All weights of a model as one list of numbers, so that tests add and scale them in plain Swift.
struct FlatGradients {
    let model: LanguageModel
    private let names: [String]
    private let shapes: [[Int]]

    init(_ model: LanguageModel) {
        self.model = model
        names = model.weights.keys.sorted()
        shapes = names.map { model.weights[$0]?.shape ?? [] }
    }

    /// The weights of the model.
    var start: [Float] {
        get throws { try flat(names.compactMap { model.weights[$0] }) }
    }

    func flat(_ tensors: [Tensor]) throws -> [Float] { try tensors.flatMap { try $0.values() } }

    func tensors(_ numbers: [Float]) -> [Tensor] {
        var rest = numbers[...]
        return shapes.map { shape in
            let count = shape.reduce(1, *)
            defer { rest = rest.dropFirst(count) }
            return Tensor(Array(rest.prefix(count)), shape: shape)
        }
    }

    /// The model with other weights.
    func model(_ tensors: [Tensor]) throws -> LanguageModel {
        try model.replacing(Dictionary(uniqueKeysWithValues: zip(names, tensors)))
    }

    /// The point of a training of all weights.
    func point(at numbers: [Float]) -> TrainingPoint {
        TrainingPoint(parameters: tensors(numbers), trainable: .weights, model: model)
    }

    /// A loss and its gradient at weights of one's choice.
    func gradient(
        at numbers: [Float], of loss: (LanguageModel) throws -> Tensor
    ) throws -> (value: Float, gradient: [Float]) {
        let (value, gradients) = try valueAndGradient(at: tensors(numbers)) {
            try loss(model($0))
        }
        return (try value.item(), try flat(gradients))
    }
}

/// Adds a multiple of one list to another.
func sum(_ one: [Float], _ factor: Float, _ other: [Float]) -> [Float] {
    zip(one, other).map { $0 + factor * $1 }
}

func dot(_ one: [Float], _ other: [Float]) -> Double {
    zip(one, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

func norm(_ numbers: [Float]) -> Float { Float(dot(numbers, numbers).squareRoot()) }

/// The norm of a difference, as a share of the norm of what is expected.
func relativeDistance(_ found: [Float], _ expected: [Float]) -> Float {
    found.count == expected.count ? norm(sum(found, -1, expected)) / norm(expected) : .infinity
}
