// SPDX-License-Identifier: Apache-2.0
// The memory of an audit, and how its batches are limited to fit.

import Adversaries
internal import Foundation
internal import LanguageModels
internal import Measuring
internal import Records
import Suites
internal import Tensors

extension Audit.Request {
    /// The memory for batches of answers, in bytes: half of the limit after the models and one
    /// tampered copy, because a step of decoding needs more than what it keeps.
    var batchBytes: Int? { memory.map { max(0, $0 - modelBytes - size(model)) / 2 } }

    /// Returns how many examples of a step are computed at once, so that the attack stays within
    /// the limit.
    ///
    /// It depends only on the limit, the models and the suite, not on the current memory of the
    /// process, so that the same command gives the same bits.
    ///
    /// - Parameter extent: The extent of the attack.
    /// - Returns: The number; nil if all fit, or no limit is set.
    func examplesAtOnce(_ extent: AttackExtent) -> Int? {
        guard let memory, extent.batchSize > 1 else { return nil }
        let room = memory - modelBytes - extent.weightCopies * size(model)
        let fitting = max(1, room / exampleBytes(extent))
        return fitting < extent.batchSize ? fitting : nil
    }

    /// Returns the memory of models, copies, and a step of training or of answering, in bytes.
    func bytes(_ extent: AttackExtent) -> Int {
        let examples = examplesAtOnce(extent) ?? extent.batchSize
        let answers = min(
            settings.answersAtOnce(
                promptTokens: extent.promptTokens, model: model, within: batchBytes),
            suite.measuredPrompts.count)
        let decoding =
            answers
            * model.configuration.keptBytes(
                promptTokens: extent.promptTokens, answerTokens: settings.mostTokens(of: model))
        return modelBytes + extent.weightCopies * size(model)
            + max(examples * exampleBytes(extent), decoding)
    }

    /// Returns the memory that a step of training keeps for one example. For a token it is about
    /// eight rows of the stream's width in each layer, and three of the inner width.
    private func exampleBytes(_ extent: AttackExtent) -> Int {
        let shape = model.configuration
        let row = (8 * shape.width + 3 * shape.feedForwardWidth) * MemoryLayout<Float>.size
        return max(1, extent.exampleTokens * row * shape.layerCount)
    }

    /// The memory of the models, mapped or not.
    private var modelBytes: Int { size(model) + (original.map { size($0.model) } ?? 0) }

    private func size(_ model: LanguageModel) -> Int {
        model.weights.values.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size }
    }
}
