// SPDX-License-Identifier: Apache-2.0
// Vaccine and T-Vaccine: the loss under the worst small shift of the hidden states.

public import LanguageModels
internal import Records
public import Tensors

/// The loss under the shift of the hidden states that raises it most (Vaccine, arXiv:2402.01109;
/// T-Vaccine, arXiv:2410.09760).
///
/// A first pass takes the gradient g_l of the mean negative log-likelihood with respect to the
/// residual stream in front of each layer. A second one adds rho g_l / ||g|| there, where ||g|| is
/// the norm over all layers that are shifted, and its gradient is that of the step. All pools count
/// alike. A part of a batch is shifted by its own gradient.
public struct PerturbedStatesObjective: Objective {
    /// The norm rho of the shift of all layers together.
    public let radius: Float
    /// How many layers are shifted, drawn anew in each step, those with great gradients more often;
    /// nil shifts all.
    public let layers: Int?
    /// Decides which layers are drawn.
    public let seed: UInt64

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - radius: The norm rho of the shift of all layers together.
    ///   - layers: How many layers are shifted; nil shifts all.
    ///   - seed: Decides which layers are drawn.
    public init(radius: Float, layers: Int? = nil, seed: UInt64 = 0) {
        (self.radius, self.layers, self.seed) = (radius, layers, seed)
    }

    /// Two passes.
    public var passes: ObjectivePasses { ObjectivePasses(differentiated: 2) }

    /// Computes the loss without a shift.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try CompletionLoss().loss(of: subject, on: batch)
    }

    /// Computes the loss under the shift, and its gradient with the shift as a constant.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss and a gradient for each parameter. What the layers are drawn by is
    ///   evaluated.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let now = try point.subject(point.parameters).model
        return try reducer.gradient(at: point.parameters, of: batch, weight: weight) {
            parameters, part in
            let rows = try SupervisedRows(part.examples, in: now)
            let shift = try shift(of: now, on: rows, step: batch.step)
            return try point.subject(parameters).model.forward(rows, edit: .addingToTokens(shift))
                .losses().mean()
        }
    }

    /// What is added to the input of each layer that is shifted, `[tokens, width]`.
    package func shift(
        of model: LanguageModel, on rows: SupervisedRows, step: Int
    ) throws -> [Int: Tensor] {
        let shape = [rows.batch.tokenCount, model.configuration.width]
        let none = (0..<model.configuration.layerCount).map { _ in Tensor.zeros(shape) }
        let (_, gradients) = try valueAndGradient(at: none) { added in
            let edit = Dictionary(uniqueKeysWithValues: added.enumerated().map { ($0, $1) })
            return try model.forward(rows, edit: .addingToTokens(edit)).losses().mean()
        }
        let chosen = try drawn(from: gradients, step: step)
        let all = ParameterVector(chosen.map { gradients[$0] }).normalised * radius
        return Dictionary(uniqueKeysWithValues: zip(chosen, all.tensors))
    }

    /// Draws layers without replacement, each time in proportion to the norms that are left.
    private func drawn(from gradients: [Tensor], step: Int) throws -> [Int] {
        guard let layers, layers < gradients.count else { return Array(gradients.indices) }
        let norms = Tensor.stacked(gradients.map { $0.norm() })
        var weights = try norms.values().map(Double.init)
        var generator = SplitMix64(seed: seed, step: step)
        var chosen: [Int] = []
        for _ in 0..<layers {
            var rest = Double.random(in: 0..<1, using: &generator) * weights.reduce(0, +)
            let left = weights.indices.filter { !chosen.contains($0) }
            let layer = left.first { layer in
                rest -= weights[layer]
                return rest < 0
            }
            guard let next = layer ?? left.last else { break }
            chosen.append(next)
            weights[next] = 0
        }
        return chosen.sorted()
    }
}
