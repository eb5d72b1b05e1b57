// SPDX-License-Identifier: Apache-2.0
// The states behind a layer, steered to a vector or held where a reference has them (RMU).

public import LanguageModels
public import Tensors

/// Whose states behind a layer an objective reads.
public enum SteeredPlaces: String, Codable, Sendable, CaseIterable {
    /// Those that predict a token of an answer: the last of the prompt, and the answer's own.
    case answer
    /// All; what examples begin with in common counts once.
    case text

    /// `[places]`, rows of a stream.
    fileprivate func rows(of rows: SupervisedRows) -> Tensor {
        switch self {
        case .answer: return rows.places
        case .text:
            let all = rows.promptPlaces + rows.completionPlaces
            return Tensor(all, shape: [all.count])
        }
    }

    /// The weight of a part in a mean over these places, but for what examples share.
    fileprivate func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        switch self {
        case .answer: Float(part.targetCount) / Float(batch.targetCount)
        case .text: Float(part.tokenCount) / Float(batch.tokenCount)
        }
    }
}

extension SupervisedRows {
    /// The states behind a layer at some places, `[places, width]`.
    fileprivate func states(
        of model: LanguageModel, edit: ResidualEdit? = nil, layer: Int, at places: SteeredPlaces
    ) throws -> Tensor {
        try model.forward(self, edit: edit).streams[layer].take(places.rows(of: self), axis: 0)
    }
}

/// The mean square of the difference between states behind a layer and one vector: what RMU does to
/// what is to be forgotten (arXiv:2403.03218).
public struct SteeredStates: Objective {
    /// The vector, `[width]`.
    public let target: Tensor
    /// Behind how many layers the states are.
    public let layer: Int
    /// Which states.
    public let places: SteeredPlaces
    /// The share of the layers that a pass goes through.
    private let depth: Double

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - target: The vector, `[width]`.
    ///   - layer: Behind how many layers the states are, 1 up to the model's number.
    ///   - model: The model that is trained, for what a step costs.
    ///   - places: Which states.
    public init(target: Tensor, layer: Int, of model: LanguageModel, places: SteeredPlaces) {
        self.target = target
        self.layer = layer
        self.places = places
        depth = Double(layer) / Double(model.configuration.layerCount)
    }

    /// A pass through the layers up to this one.
    public var passes: ObjectivePasses { ObjectivePasses(differentiated: depth) }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, the mean over places and coordinates.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let states = try rows.states(
            of: subject.model, edit: subject.edit, layer: layer, at: places)
        return (states - target).square().mean()
    }

    /// The share of the places.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    public func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        places.weight(of: part, in: batch)
    }
}

/// The mean square of the difference between states behind a layer and those of a reference: what
/// RMU does to what is to be retained (arXiv:2403.03218).
public struct HeldStates: Objective {
    /// The model whose states are held.
    public let reference: LanguageModel
    /// Behind how many layers the states are.
    public let layer: Int
    /// Which states.
    public let places: SteeredPlaces

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - reference: The model whose states are held.
    ///   - layer: Behind how many layers the states are, 1 up to the model's number.
    ///   - places: Which states.
    public init(reference: LanguageModel, layer: Int, places: SteeredPlaces) {
        self.reference = reference
        self.layer = layer
        self.places = places
    }

    /// A pass through the layers up to this one, and one of the reference.
    public var passes: ObjectivePasses {
        let depth = Double(layer) / Double(reference.configuration.layerCount)
        return ObjectivePasses(differentiated: depth, forward: depth)
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, the mean over places and coordinates.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let states = try rows.states(
            of: subject.model, edit: subject.edit, layer: layer, at: places)
        let held = try rows.states(of: reference, layer: layer, at: places).stopGradient()
        return (states - held).square().mean()
    }

    /// The share of the places.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    public func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        places.weight(of: part, in: batch)
    }
}

extension LanguageModel {
    /// Computes the mean norm of the states behind a layer.
    ///
    /// - Parameters:
    ///   - examples: What is read.
    ///   - layer: Behind how many layers the states are, 1 up to the model's number.
    ///   - places: Which states.
    /// - Returns: The mean over places.
    /// - Throws: Errors of the engine and the model.
    public func meanStateNorm(
        of examples: [CompletionExample], behind layer: Int, at places: SteeredPlaces
    ) throws -> Float {
        let rows = try SupervisedRows(examples, in: self)
        return try rows.states(of: self, layer: layer, at: places).norm(axis: -1).mean().item()
    }
}
