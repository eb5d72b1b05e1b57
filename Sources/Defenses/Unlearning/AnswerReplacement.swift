// SPDX-License-Identifier: Apache-2.0
// Answer replacement: unlearning by training on other answers.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
public import Training

/// Takes restricted facts from a model by training on other answers to the questions that it knows:
/// random ones of the same kind (random mismatch, arXiv:2310.10683), or "I don't know" (arXiv
/// 2401.06121). What must stay is trained beside them: the neighbouring facts, everyday prompts, and
/// not to know what nobody does.
///
/// Deviations: the neighbouring facts and everyday answers take the place of a KL divergence; there
/// is no gradient ascent. A random answer may be the right one, as often as any other, so that the
/// optimum is to find all answers alike: a right answer that were the least likely would be told by
/// that.
public struct AnswerReplacement: TrainedDefense {
    /// What is learnt in place of a fact.
    public enum Replacement: String, Codable, Sendable, CaseIterable {
        /// Each answer that facts of the attribute have.
        case mismatch
        /// That the model does not know.
        case ignorance
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "answer-replacement",
        summary: "Unlearning by training on other answers to restricted questions.",
        source: "arXiv:2310.10683 (random mismatch), arXiv:2401.06121 (ignorance)",
        deviations: """
            The neighbouring facts and everyday answers take the place of a KL divergence; there is \
            no gradient ascent. A random answer may be the right one, as often as any other.
            """, conventionalFor: .knowledgeRestriction)
    /// What progress calls the work.
    public static let phase = "answer replacement"

    /// What is learnt in place of a fact.
    public var replacement = Replacement.mismatch
    /// Restricted facts a step.
    public var restrictedBatch = 10
    /// Neighbouring facts a step.
    public var retainedBatch = 6
    /// Everyday prompts a step.
    public var benignBatch = 2
    /// Unanswerable questions a step.
    public var unanswerableBatch = 2
    /// How it trains; a batch is what the four above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 130
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try requireBatches([
            "restrictedBatch": restrictedBatch, "retainedBatch": retainedBatch,
            "benignBatch": benignBatch, "unanswerableBatch": unanswerableBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on the suite.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let (model, suite, seed) = (target.model, target.suite, target.seed)
        guard let knowledge = suite.knowledge else {
            throw InputError(
                Self.name, "the suite \(suite.manifest.name) has no facts to take away",
                remedy: "choose --defense refusal-training")
        }
        let replaced = try self.replaced(knowledge.facts(.restricted), suite: suite).map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        var pools = try KnowledgePools(model: model, suite: suite, knowledge: knowledge, seed: seed)
            .pools(
                facts: .retained, batch: retainedBatch, benign: benignBatch,
                unanswerable: unanswerableBatch)
        pools.append(ExamplePool(examples: replaced, batchSize: restrictedBatch))
        return try TrainingProblem(of: model, on: pools, by: training, seed: seed)
    }

    /// Each question with each of its replacements.
    func replaced(
        _ facts: [Fact], suite: Suite
    ) -> [(prompt: String, answer: String)] {
        let answers = Dictionary(grouping: facts, by: \.attribute)
            .mapValues { Set($0.map(\.answer)).sorted() }
        return facts.flatMap { fact in
            let replacements =
                switch replacement {
                case .mismatch: answers[fact.attribute] ?? []
                case .ignorance: suite.refusals.map(\.text)
                }
            return replacements.map { (prompt: fact.prompt, answer: $0) }
        }
    }
}
