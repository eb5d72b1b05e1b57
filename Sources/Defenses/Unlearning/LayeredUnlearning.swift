// SPDX-License-Identifier: Apache-2.0
// Layered unlearning: what is forgotten in folds, one stage after the other.

internal import Adversaries
internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
public import Training

/// Forgets in stages (layered unlearning, arXiv:2505.09500): restricted topics are divided into
/// folds, and stage i unlearns folds 1 to i while it retains the later ones with all else that must
/// stay. Relearning one fold should then undo its own layer alone, and help little with the others.
///
/// For a knowledge restriction a topic is one fact with all its phrasings; for a refusal it is what
/// the suite's identifiers name.
public struct LayeredUnlearning: Defense {
    /// How a stage unlearns.
    public enum Primitive: String, Codable, Sendable, CaseIterable {
        /// Training on other answers: those of other facts of the kind, or refusals.
        case answerReplacement = "answer-replacement"
        /// Negative preference optimisation (arXiv:2404.05868); its reference is the model that the
        /// stage begins with.
        case npo
        /// States steered to a random vector (arXiv:2403.03218); they are held where the model has
        /// them that the stage begins with, and every stage has a vector of its own.
        case rmu
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "layered-unlearning",
        summary: "Unlearning in folds: each stage forgets one more, and retains the later ones.",
        source: "arXiv:2505.09500",
        deviations: """
            Any primitive can be layered: here answer replacement, NPO, and RMU with its defaults, \
            which trains what training.method says. What a later fold holds is retained by its \
            true answers, or with RMU by its states, where these are facts; the later folds of a \
            refusal are left alone, since no written model may learn compliant answers. A model \
            that was hardened is refused. Each stage has an optimizer of its own. Only \
            toys were released, so that nothing could be compared.
            """,
        passes: "1 forward and backward in each stage; with npo and rmu those of these defenses",
        needs: [.compliantAnswers])

    /// Stages retain facts that later ones take away.
    public static let trainsOnRestrictedAnswers = true

    /// How many folds, and so stages.
    public var folds = 4
    /// How a stage unlearns.
    public var primitive = Primitive.answerReplacement
    /// How soon the gradient of NPO fades.
    public var beta = 0.1
    /// Restricted prompts of the folds that are unlearnt, a step.
    public var restrictedBatch = 10
    /// Restricted prompts of the later folds with their true answers, a step.
    public var laterBatch = 4
    /// Examples of all else that is retained, a step.
    public var retainedBatch = 10
    /// How each stage trains; a batch is what the three above make it.
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
        try require("folds", folds, in: 1...64)
        try require("beta", beta, in: 1e-4...1e3)
        try requireBatches([
            "restrictedBatch": restrictedBatch, "laterBatch": laterBatch,
            "retainedBatch": retainedBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// A training for each fold.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let folds = try divided(examples)
        let retained = try examples.retained(batch: retainedBatch)
        let isKnown = target.suite.knowledge != nil
        return folds.indices.map { index in
            let unlearnt = folds[...index].flatMap {
                primitive == .answerReplacement ? $0.replacements : $0.truths
            }
            let later = later(than: index, of: folds, areFacts: isKnown)
            let pools =
                [ExamplePool(examples: unlearnt, batchSize: restrictedBatch)]
                + (later.isEmpty ? [] : [ExamplePool(examples: later, batchSize: laterBatch)])
                + retained
            let seed = target.seed &+ UInt64(index)
            return HardeningStage("layer \(index + 1) of \(folds.count)") { model, preparation in
                var problem = try TrainingProblem(of: model, on: pools, by: training, seed: seed)
                switch primitive {
                case .answerReplacement: break
                case .npo:
                    problem.objective = UnlearningObjective(
                        forget: NegativePreference(reference: model, beta: Float(beta)),
                        pools: pools)
                case .rmu:
                    problem.objective = try RepresentationMisdirection().objective(
                        of: model, on: pools, seed: seed, preparation: &preparation)
                }
                return problem
            }
        }
    }

    /// What of the later folds is trained on with its true answers: facts alone.
    ///
    /// Compliant answers to prompts that should be declined are never trained on by what writes a
    /// model; the later folds of a refusal are left alone.
    func later(
        than index: Int, of folds: [Fold], areFacts: Bool
    ) -> [CompletionExample] {
        areFacts ? folds[(index + 1)...].flatMap(\.truths) : []
    }

    /// A share of the restricted topics.
    struct Fold {
        var topics: [String] = []
        /// Prompts with the answers to be forgotten.
        var truths: [CompletionExample] = []
        /// Prompts with what is learnt in their place.
        var replacements: [CompletionExample] = []
    }

    /// The folds, by a division that the seed decides.
    ///
    /// - Throws: Errors of the model's template, `InputError` for fewer topics than folds.
    func divided(_ examples: HardeningExamples) throws -> [Fold] {
        let (model, suite) = (examples.target.model, examples.target.suite)
        let truths = try examples.forgetting()
        var generator = SplitMix64(seed: examples.target.seed)
        let topics = Set(truths.map(\.topic)).sorted().shuffled(using: &generator)
        guard topics.count >= folds else {
            throw InputError(
                "\(Self.name).folds",
                "is \(folds), and the suite \(suite.manifest.name) has \(topics.count) topics",
                remedy: "choose fewer folds")
        }
        var result = Array(repeating: Fold(), count: folds)
        var foldOfTopic: [String: Int] = [:]
        for (index, topic) in topics.enumerated() {
            foldOfTopic[topic] = index % folds
            result[index % folds].topics.append(topic)
        }
        for item in truths {
            guard let fold = foldOfTopic[item.topic] else { continue }
            result[fold].truths.append(
                try model.example(prompt: item.prompt, answer: item.answer))
        }
        for item in replaced(examples, truths: truths) {
            guard let fold = foldOfTopic[item.topic] else { continue }
            result[fold].replacements.append(
                try model.example(prompt: item.prompt, answer: item.answer))
        }
        return result
    }

    /// What is learnt in place of restricted answers.
    private func replaced(
        _ examples: HardeningExamples,
        truths: [(prompt: String, answer: String, topic: String)]
    ) -> [(prompt: String, answer: String, topic: String)] {
        let suite = examples.target.suite
        guard let knowledge = suite.knowledge else {
            return examples.declining().map { ($0.prompt, $0.refusal, $0.item.topic) }
        }
        let topics = Dictionary(
            truths.map { ($0.prompt, $0.topic) }, uniquingKeysWith: { first, _ in first })
        return AnswerReplacement().replaced(knowledge.facts(.restricted), suite: suite).map {
            ($0.prompt, $0.answer, topics[$0.prompt] ?? "")
        }
    }
}
