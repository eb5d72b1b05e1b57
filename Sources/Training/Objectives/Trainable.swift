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
    /// Some weights of the model, by their Hugging Face names.
    case someWeights([String])
    /// Embeddings that the vocabulary lacks, `[rows, width]`, in a model whose weights stay.
    case virtualTokens(Tensor)
    /// A vector, `[width]`, added to the input of a layer of a model whose weights stay.
    case addedVector(Tensor, layer: Int)

    /// Returns the parameters at the start of a training.
    ///
    /// - Parameter model: The model that is trained.
    /// - Returns: The parameters; weights are in the order of their sorted names.
    public func start(of model: LanguageModel) -> [Tensor] {
        switch self {
        case .adapters(let adapters): adapters.parameters
        case .weights, .someWeights: names(in: model).compactMap { model.weights[$0] }
        case .virtualTokens(let tensor), .addedVector(let tensor, _): [tensor]
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
        case .weights, .someWeights:
            let pairs = zip(names(in: model), parameters)
            return Subject(
                try model.replacing(Dictionary(pairs, uniquingKeysWith: { first, _ in first })),
                framing: framing)
        case .virtualTokens:
            return Subject(try model.prompted(by: parameters.first), framing: framing)
        case .addedVector(let start, let layer):
            return Subject(
                model, framing: framing, edit: .adding(parameters.first ?? start, layer: layer))
        }
    }

    /// Whether the weights and the stream of the model stay as they are.
    public var leavesModelUntouched: Bool {
        if case .virtualTokens = self { true } else { false }
    }

    /// Whether the parameters are weights of the model itself.
    var areWeights: Bool {
        switch self {
        case .weights, .someWeights: true
        case .adapters, .virtualTokens, .addedVector: false
        }
    }

    /// The names of the weights that are trained, sorted, each once.
    private func names(in model: LanguageModel) -> [String] {
        guard case .someWeights(let names) = self else { return model.weights.keys.sorted() }
        return Set(names).filter { model.weights[$0] != nil }.sorted()
    }
}
