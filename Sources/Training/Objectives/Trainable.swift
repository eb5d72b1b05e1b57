// SPDX-License-Identifier: Apache-2.0
// Which numbers a training changes, and the model that they make.

public import LanguageModels
public import Tensors

/// The numbers that a training changes, with their start.
public enum Trainable: Sendable {
    /// Low-rank adapters (arXiv:2106.09685).
    case adapters(LowRankAdapters)
    /// Every weight of the model.
    case weights
    /// Some of the weights, by their names; no name stands twice.
    case named([String])
    /// Embeddings that the vocabulary lacks, `[rows, width]`, in a model whose weights stay.
    case virtualTokens(Tensor)
    /// A vector, `[width]`, added to the input of a layer of a model whose weights stay.
    case addedVector(Tensor, layer: Int)
    /// A vector for each layer, `[layers, width]`, added to the input of that layer of a model
    /// whose weights stay.
    case layerOffsets(Tensor)
    /// Changes within subspaces of the inputs of some layers of a model whose weights stay.
    case subspaces(SubspaceEdits)

    /// Returns the parameters at the start of a training.
    ///
    /// - Parameter model: The model that is trained.
    /// - Returns: The parameters; weights are in the order of their sorted names.
    public func start(of model: LanguageModel) -> [Tensor] {
        switch self {
        case .adapters(let adapters): adapters.parameters
        case .weights, .named: weightNames(in: model).compactMap { model.weights[$0] }
        case .virtualTokens(let tensor), .addedVector(let tensor, _), .layerOffsets(let tensor):
            [tensor]
        case .subspaces(let edits): edits.start
        }
    }

    /// Makes the model that parameters stand for.
    ///
    /// - Parameters:
    ///   - parameters: Tensors in the order and shapes of ``start(of:)``.
    ///   - model: The model that is trained.
    ///   - framing: What stands around prompts.
    /// - Returns: The model; adapters are not merged into its weights.
    /// - Throws: `InputError` for parameters of another number or shape.
    public func subject(
        _ parameters: [Tensor], on model: LanguageModel, framing: Framing = Framing()
    ) throws -> Subject {
        switch self {
        case .adapters(let adapters):
            return Subject(
                try model.adapted(by: adapters.replacing(parameters: parameters)),
                framing: framing)
        case .weights, .named:
            let pairs = zip(weightNames(in: model), parameters)
            return Subject(
                try model.replacing(Dictionary(pairs, uniquingKeysWith: { first, _ in first })),
                framing: framing)
        case .virtualTokens:
            return Subject(try model.prompted(by: parameters.first), framing: framing)
        case .addedVector(let start, let layer):
            return Subject(
                model, framing: framing, edit: .adding(parameters.first ?? start, layer: layer))
        case .layerOffsets(let start):
            return Subject(
                model, framing: framing, edit: .addingToLayers(parameters.first ?? start))
        case .subspaces(let edits):
            return Subject(
                model, framing: framing, edit: .movingInSubspaces(edits.edits(of: parameters)))
        }
    }

    /// Whether the weights and the stream of the model stay as they are.
    public var leavesModelUntouched: Bool {
        if case .virtualTokens = self { true } else { false }
    }

    /// Whether the parameters are weights of the model themselves.
    var isWeights: Bool {
        switch self {
        case .weights, .named: true
        case .adapters, .virtualTokens, .addedVector, .layerOffsets, .subspaces: false
        }
    }

    /// The names of the weights that are trained, sorted; none where something else is.
    func weightNames(in model: LanguageModel) -> [String] {
        switch self {
        case .weights: model.weights.keys.sorted()
        case .named(let names): names.filter { model.weights[$0] != nil }.sorted()
        case .adapters, .virtualTokens, .addedVector, .layerOffsets, .subspaces: []
        }
    }
}

extension Trainable {
    /// The scalars of the trained weights that are matrices and that each token is multiplied with.
    func matrixParameterCount(in model: LanguageModel) -> Int {
        model.activeMatrixParameterCount(in: weightNames(in: model))
    }
}
