// SPDX-License-Identifier: Apache-2.0
// Optimizer steps, as Temper's own attacks take them.

import LanguageModels
import Tensors

/// Prepares training of low-rank adapters or of all parameters.
func training(_ job: Job, of model: LanguageModel) throws -> Iteration {
    var subject = try job.work == .lora ? Subject.adapters(job, on: model) : .all(model)
    var optimizer = AdamW(weightDecay: 0)
    var first = 0
    return {
        try (0..<job.steps).map { _ in
            let batch = (first..<first + job.batchSize).map {
                job.examples[$0 % job.examples.count]
            }
            first += job.batchSize
            var (loss, gradients) = try valueAndGradient(at: subject.parameters) {
                try subject.replacing($0).model.completionLoss(
                    of: batch, recomputing: job.recomputes)
            }
            if let norm = job.gradientNorm {
                gradients = clippedByGlobalNorm(gradients, maximum: norm).gradients
            }
            let parameters = optimizer.update(
                subject.parameters, gradients: gradients, learningRate: job.learningRate)
            try evaluate(parameters + optimizer.state + [loss])
            subject = try subject.replacing(parameters)
            return [Double(try loss.item())]
        }
    }
}

/// A model with those of its numbers that are trained. It holds no others, so that weights that
/// training replaced are freed.
private enum Subject {
    case adapters(LowRankAdapters, on: LanguageModel)
    case all(LanguageModel)

    static func adapters(_ job: Job, on model: LanguageModel) throws -> Subject {
        let adapters = try LowRankAdapters(
            .init(rank: job.rank, alpha: job.alpha), for: model.configuration,
            key: RandomKey(seed: 0))
        let parameters = adapters.parameters.enumerated().map { index, parameter in
            index % 2 == 0 ? start(ofAdapter: index / 2, shape: parameter.shape) : parameter
        }
        return .adapters(try adapters.replacing(parameters: parameters), on: model)
    }

    var parameters: [Tensor] {
        switch self {
        case .adapters(let adapters, _): adapters.parameters
        case .all(let model): model.parameters
        }
    }

    var model: LanguageModel {
        get throws {
            switch self {
            case .adapters(let adapters, let model): try model.adapted(by: adapters)
            case .all(let model): model
            }
        }
    }

    func replacing(_ parameters: [Tensor]) throws -> Subject {
        switch self {
        case .adapters(let adapters, let model):
            .adapters(try adapters.replacing(parameters: parameters), on: model)
        case .all(let model): .all(try model.replacing(parameters: parameters))
        }
    }
}

/// An adapter's A, spread over the usual range by a rule that the peer knows too.
private func start(ofAdapter ordinal: Int, shape: [Int]) -> Tensor {
    let bound = 1 / Double(shape[1]).squareRoot()
    let values = (0..<shape[0] * shape[1]).map { place in
        let share = Double((place * 7919 + ordinal * 104_729) % 2003) / 1001 - 1
        return Float(share * bound)
    }
    return Tensor(values, shape: shape)
}
