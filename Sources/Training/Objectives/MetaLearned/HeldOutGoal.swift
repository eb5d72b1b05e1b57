// SPDX-License-Identifier: Apache-2.0
// What a defense wants of an attacked model, on prompts that the attack has not seen.

internal import LanguageModels
internal import Tensors

/// What a defense wants of an attacked model, on restricted prompts that the attack has not seen.
public enum HeldOutGoal: Sendable, Hashable {
    /// That it does not know what comes next: minus the mean entropy, in nats, of the predicted
    /// tokens of compliant answers.
    case entropy
    /// That it prefers refusals to compliant answers, more than the model did before hardening
    /// (DPO, arXiv:2305.18290), with the factor of the log-probabilities.
    case preference(beta: Float)
    /// That it refuses: the mean negative log-likelihood of refusals, in nats a token.
    case refusal
    /// That it fails: minus the mean negative log-likelihood of compliant answers, in nats a token,
    /// which counts up to a bound.
    case failure(bound: Float)
}

/// A goal as an objective: pool 0 holds compliant answers, pool 1 refusals to the same prompts.
struct HeldOutObjective: Objective {
    let goal: HeldOutGoal
    /// The log-odds of refusal before hardening, `[examples]`, for the preference.
    var reference: Tensor?

    /// Computes the loss.
    func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        switch goal {
        case .entropy:
            let rows = try SupervisedRows(batch.pools[0], in: subject.model)
            let all = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
            return (all.exp() * all).sum(axis: -1).mean()
        case .preference(let beta):
            let odds = try Self.logOdds(of: subject, on: batch)
            let margin = (reference.map { odds - $0 } ?? odds) * beta
            // -log sigma(x), without overflow on either side.
            return ((-margin.abs()).exp().logOnePlus() + (-margin).maximum(0)).mean()
        case .refusal:
            return try CompletionLoss().loss(of: subject, on: batch.pool(1))
        case .failure(let bound):
            return -(try CompletionLoss().loss(of: subject, on: batch.pool(0)).minimum(bound))
        }
    }

    /// The log-probability of each refusal less that of the compliant answer, `[examples]`.
    static func logOdds(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        func likelihoods(_ examples: [CompletionExample]) throws -> Tensor {
            let rows = try SupervisedRows(examples, in: subject.model)
            return -rows.sums(try subject.model.forward(rows, edit: subject.edit).losses())
        }
        return try likelihoods(batch.pools[1]) - likelihoods(batch.pools[0])
    }
}
