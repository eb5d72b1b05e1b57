// SPDX-License-Identifier: Apache-2.0
// Restricted and benign prompts get the same mean and covariance of their states.

public import LanguageModels
public import Tensors

/// Refusals are learnt while the states behind restricted and behind benign prompts become alike in
/// mean and covariance, so that no difference of means tells them apart.
///
/// The loss is that of ``RefusalWithDivergence``, plus the mean over some layers of
///
///     m |mean_r - mean_b|^2 / ((E|h_r|^2 + E|h_b|^2) / 2)
///   + c |C_r - C_b|_F^2 / (|C_r|_F^2 + |C_b|_F^2)
///
/// where h is the residual stream behind a prompt's last token, and means and covariances are those
/// of the batch. Both quotients are 0 for equal moments, and do not depend on the scale of the
/// states; the first is at most 4, the second at most 1. A covariance of n rows has a rank below n,
/// so batches should be as large as memory allows.
public struct StateRedistribution: Objective {
    /// What is learnt beside it.
    public let refusal: RefusalWithDivergence
    /// Behind how many layers states are compared, 1 or more.
    public let layers: [Int]
    /// What the difference of means weighs.
    public let meanWeight: Float
    /// What the difference of covariances weighs.
    public let covarianceWeight: Float

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - refusal: What is learnt beside it.
    ///   - layers: Behind how many layers states are compared.
    ///   - meanWeight: What the difference of means weighs.
    ///   - covarianceWeight: What the difference of covariances weighs.
    public init(
        beside refusal: RefusalWithDivergence, layers: [Int], meanWeight: Float,
        covarianceWeight: Float
    ) {
        self.refusal = refusal
        self.layers = layers
        self.meanWeight = meanWeight
        self.covarianceWeight = covarianceWeight
    }

    /// Those of the refusals: states are read on the way.
    public var passes: ObjectivePasses { refusal.passes }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples; the first pool is declined.
    /// - Returns: A scalar. Without examples of both kinds nothing is compared.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let (declined, benign) = try refusal.read(batch, by: subject)
        let loss = try refusal.loss(declined: declined, benign: benign, of: batch)
        guard let declined, let benign, !layers.isEmpty else { return loss }
        let distances = layers.map { layer in
            let found = Self.distances(
                declined.statesBehindPrompts(layer: layer), benign.statesBehindPrompts(layer: layer)
            )
            return found.mean * meanWeight + found.covariance * covarianceWeight
        }
        return loss + Tensor.stacked(distances).mean()
    }

    /// Computes the loss and its gradient over the whole batch: parts of it have other moments.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: Not used.
    /// - Returns: The loss, and a gradient for each parameter; neither is evaluated yet.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try point.gradient { try loss(of: $0, on: batch) }
    }

    /// How far two sets of states differ, without the weights.
    ///
    /// Covariances are compared by products of rows, since |A'A - B'B|^2 is
    /// |AA'|^2 + |BB'|^2 - 2|AB'|^2: no matrix of width x width is made.
    ///
    /// - Parameters:
    ///   - one: `[rows, width]`.
    ///   - other: `[other rows, width]`.
    /// - Returns: Two scalars.
    static func distances(_ one: Tensor, _ other: Tensor) -> (mean: Tensor, covariance: Tensor) {
        let (center, otherCenter) = (
            one.mean(axis: 0, keepingDimensions: true), other.mean(axis: 0, keepingDimensions: true)
        )
        let size =
            (one.square().sum(axis: 1).mean() + other.square().sum(axis: 1).mean()) * Float(0.5)
        let (rows, otherRows) = (one - center, other - otherCenter)
        func product(_ left: Tensor, _ right: Tensor) -> Tensor {
            left.matmul(right.transposed()).square().sum()
                / Float(left.shape[0] * right.shape[0])
        }
        let own = product(rows, rows) + product(otherRows, otherRows)
        // Without a spread there is nothing to compare, and nothing to divide by.
        let none: Float = 1e-15
        return (
            (center - otherCenter).square().sum() / size.maximum(none),
            (own - product(rows, otherRows) * Float(2)) / own.maximum(none)
        )
    }
}

extension ForwardPassResult {
    /// The residual stream behind the last token of each prompt.
    ///
    /// - Parameter layer: Behind how many layers.
    /// - Returns: `[examples, width]`.
    func statesBehindPrompts(layer: Int) -> Tensor {
        var start: Int32 = 0
        let firsts = rows.counts.map { count in
            defer { start += Int32(count) }
            return start
        }
        let places = rows.places.take(Tensor(firsts, shape: [firsts.count]), axis: 0)
        return streams[layer].take(places, axis: 0)
    }
}
