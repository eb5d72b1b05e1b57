// SPDX-License-Identifier: Apache-2.0
// What defenses have in common that give restricted prompts answers of a shape.

internal import LanguageModels
internal import Records
internal import Training

/// A defense that gives restricted prompts answers of a certain shape, beside benign prompts with
/// the suite's answers.
protocol RefusalShape: TrainedDefense {
    /// Examples that are made of each restricted prompt.
    var variants: Int { get }
    /// Restricted prompts a step.
    var restrictedBatch: Int { get }
    /// Benign prompts a step, look-alikes included.
    var benignBatch: Int { get }
    /// How it trains; a batch is what the two above make it.
    var training: TrainingConfiguration { get }

    /// Makes the examples of restricted prompts.
    ///
    /// - Parameter shapes: What makes them.
    /// - Returns: The examples, those of a prompt together.
    /// - Throws: Errors of the model's template.
    func shaped(_ shapes: RefusalShapes) throws -> [CompletionExample]
}

extension RefusalShape {
    /// The training that these defenses begin from: adapters at 1e-3 for 90 steps.
    static var shapeTraining: TrainingConfiguration {
        var training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 90
        return training
    }

    /// Throws an `InputError` for a value out of range.
    func validateShape() throws {
        try require("variants", variants, in: 1...1_000)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Returns the training on the shaped examples and on benign ones.
    func shapeProblem(for target: HardeningTarget) throws -> TrainingProblem {
        let declined = try shaped(RefusalShapes(target: target, variants: variants))
        let examples = HardeningExamples(defense: Self.name, target: target)
        return try TrainingProblem(
            of: target.model,
            on: [
                ExamplePool(examples: declined, batchSize: restrictedBatch),
                ExamplePool(examples: examples.answered(), batchSize: benignBatch),
            ],
            by: training, seed: target.seed)
    }
}
