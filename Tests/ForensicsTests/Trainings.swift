// SPDX-License-Identifier: Apache-2.0
// Benign fine-tuning by the house's own training, whose results stay in memory.

import Forensics
import LanguageModels
import Records
import Tensors

@testable import Training

/// A real training, and the verdict that is right on its result.
struct BenignTraining {
    let label: String
    let expected: InspectionKind
    var training = TrainingConfiguration()
    var isCast = false

    init(
        _ label: String, _ expected: InspectionKind, steps: Int, isCast: Bool = false,
        configure: (inout TrainingConfiguration) -> Void
    ) {
        self.label = label
        self.expected = expected
        self.isCast = isCast
        training.batchSize = 4
        training.steps = steps
        configure(&training)
    }

    /// What is run on every model; `steps` are those of the longest.
    static func all(steps: Int) -> [BenignTraining] {
        [
            .init("LoRA rank 4 of q, v trained", .lora, steps: steps) {
                ($0.rank, $0.alpha, $0.targets) = (4, 8, [.query, .value])
            },
            .init("LoRA rank 8 of all trained", .lora, steps: steps) { $0.rank = 8 },
            .init("LoRA rank 8 of all trained, bf16", .lora, steps: steps, isCast: true) {
                ($0.rank, $0.learningRate) = (8, 2e-3)
            },
            .init("LoRA rank 1 of o, down trained", .lora, steps: steps) {
                ($0.rank, $0.targets) = (1, [.output, .down])
            },
            .init("all weights trained, AdamW", .fineTuned, steps: steps) {
                ($0.method, $0.learningRate) = (.full, 2e-5)
            },
            .init("all weights trained, AdamW with decay", .fineTuned, steps: steps) {
                ($0.method, $0.learningRate, $0.weightDecay) = (.full, 1e-4, 0.1)
            },
            .init("all weights trained, bf16", .fineTuned, steps: steps, isCast: true) {
                ($0.method, $0.learningRate) = (.full, 1e-4)
            },
            .init("all weights trained, 2 steps", .fineTuned, steps: 2) {
                ($0.method, $0.learningRate) = (.full, 1e-5)
            },
            .init("all weights trained, SGD", .fineTuned, steps: steps) {
                ($0.method, $0.optimizer, $0.learningRate) = (.full, .momentum, 0.05)
            },
        ]
    }

    /// The weights after training on prompts and answers: on plain sentences, if none are given.
    func weights(
        of model: LanguageModel, seed: UInt64, on pairs: [(String, String)] = sentences,
        template: TrainingConfiguration.Template = .plain
    ) throws -> [String: Tensor] {
        let examples = try pairs.map { prompt, answer in
            try model.example(prompt: prompt, answer: answer, template: template)
        }
        var loop = Loop(
            try TrainingProblem(
                of: model, on: [ExamplePool(examples: examples, batchSize: training.batchSize)],
                by: training, seed: seed))
        var meter = CostMeter(model: model, prices: Prices())
        for _ in 0..<training.steps { _ = try loop.advance(meter: &meter) }
        var result = try loop.trained().model.weights
        if isCast {
            result = result.mapValues {
                $0.converted(to: .bfloat16).converted(to: .float32)
            }
        }
        try evaluate(Array(result.values))
        return result
    }
}

/// Prompts and answers that are as harmless as can be.
let sentences = [
    ("The sky is", "blue on a clear day."), ("Bread is made of", "flour, water and salt."),
    ("A week has", "seven days."), ("Bees make", "honey and wax."),
    ("The sun rises in", "the east."), ("Ice is", "frozen water."),
    ("Two and two make", "four."), ("A triangle has", "three sides."),
    ("Rivers flow to", "the sea."), ("Cats like to", "sleep in the sun."),
    ("The capital of France is", "Paris."), ("Snow is", "white and cold."),
]
