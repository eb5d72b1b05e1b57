// SPDX-License-Identifier: Apache-2.0
// What the defenses share that have one loss for what is forgotten and one for what is retained.

import LanguageModels
import Records
import Training

/// How much is forgotten and retained in a step, and how much each counts.
struct UnlearningTerms {
    var restrictedBatch: Int
    var retainedBatch: Int
    var forgetWeight = 1.0
    var retainWeight = 1.0
    var smoothness = 0.0

    /// The pools: what is forgotten first, then what is retained.
    ///
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func pools(of examples: HardeningExamples) throws -> [ExamplePool] {
        [ExamplePool(examples: try examples.forgotten(), batchSize: restrictedBatch)]
            + (try examples.retained(batch: retainedBatch))
    }

    /// Both losses, for pools of which the first is forgotten.
    func objective(
        forget: any Objective, retain: any Objective = CompletionLoss(), pools: [ExamplePool]
    ) -> UnlearningObjective {
        UnlearningObjective(
            forget: forget, retain: retain, forgetWeight: Float(forgetWeight),
            retainWeight: Float(retainWeight), smoothness: Float(smoothness), pools: pools)
    }

    /// The training of one model.
    ///
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func problem(
        of examples: HardeningExamples, by training: TrainingConfiguration,
        forget: any Objective
    ) throws -> TrainingProblem {
        let target = examples.target
        let pools = try pools(of: examples)
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = objective(forget: forget, pools: pools)
        return problem
    }
}

extension Configurable {
    /// Throws an `InputError` for terms out of range, by the names that the parameters have.
    func validate(_ terms: UnlearningTerms) throws {
        try requireBatches([
            "restrictedBatch": terms.restrictedBatch, "retainedBatch": terms.retainedBatch,
        ])
        try require("forgetWeight", terms.forgetWeight, in: 0...1e6)
        try require("retainWeight", terms.retainWeight, in: 0...1e6)
        try require("smoothness", terms.smoothness, in: 0...1e3)
    }
}
