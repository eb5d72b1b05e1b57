// SPDX-License-Identifier: Apache-2.0
// UNDO: a model that has unlearnt is distilled into a noised copy of itself.

internal import Adversaries
internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Tensors
internal import Tokenization
public import Training

/// Unlearns, adds noise to the weights, and distils what the unlearnt model says into the noised
/// one (unlearn, noise, distil on outputs; UNDO, arXiv:2506.06278). What the first stage only hid
/// should be gone from the weights, because no output that is distilled shows it.
///
/// The noise is part of the second stage: that stage begins with the unlearnt model, which is its
/// teacher, also when it is resumed.
public struct UnlearnDistill: Defense {
    /// How the first stage unlearns.
    public enum Primitive: String, Codable, Sendable, CaseIterable {
        /// Every token of a restricted answer made as likely as any other.
        case maximumEntropy = "maximum-entropy"
        /// Negative preference optimisation (arXiv:2404.05868), beta 0.1.
        case npo
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "undo",
        summary: "Unlearning, then noise on all weights, then distillation of what was unlearnt.",
        source: "arXiv:2506.06278",
        deviations: """
            Distilled for 300 steps of less than 1,000 tokens, about a thousandth of the published \
            246 million: the noise is not fully repaired, and how robust it makes a model is not \
            comparable. It stops after its steps, not at a bound on the loss. Distilled on benign \
            prompts, restricted prompts with refusals and the suite's plain prose, so that the \
            perplexity on that prose is one on learnt text. Maximum entropy counts on answers \
            alone. The noise is normal, with Glorot's variance 2 / (rows + columns).
            """,
        passes: "1 forward and backward while it unlearns; then 1 forward and backward and 1 "
            + "forward of the teacher",
        needs: [.compliantAnswers, .retainText])

    /// How the first stage unlearns.
    public var primitive = Primitive.maximumEntropy
    /// How far weights are moved to noise, a: 0 leaves them, 1 leaves nothing of them.
    public var corruption = 0.25
    /// The noise in units of a fresh initialisation, b.
    public var noise = 0.1
    /// Restricted prompts a step, in both stages.
    public var restrictedBatch = 4
    /// Examples of all that is retained, a step, in both stages.
    public var retainedBatch = 8
    /// Plain texts a step of distillation.
    public var textBatch = 4
    /// A text has so many tokens at most.
    public var textTokens = 64
    /// How it unlearns.
    public var unlearning: TrainingConfiguration
    /// How it distils; all weights, as a rule.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        unlearning = TrainingConfiguration()
        unlearning.schedule = .linear
        unlearning.steps = 100
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 3e-4
        training.schedule = .warmupCosine
        training.steps = 300
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(terms)
        try require("corruption", corruption, in: 0...1)
        try require("noise", noise, in: 0...100)
        try requireBatches(["textBatch": textBatch])
        try require("textTokens", textTokens, in: 2...1_000_000)
        for configuration in [unlearning, training] {
            try configuration.validate()
            try configuration.requireChat()
        }
    }

    private var terms: UnlearningTerms {
        UnlearningTerms(restrictedBatch: restrictedBatch, retainedBatch: retainedBatch)
    }

    /// Unlearning, then distillation into a noised copy.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let forgotten = try terms.pools(of: examples)
        let distilled =
            try [
                ExamplePool(examples: examples.declined(), batchSize: restrictedBatch),
                ExamplePool(examples: texts(of: target), batchSize: textBatch),
            ] + examples.retained(batch: retainedBatch)
        return [
            HardeningStage("unlearning") { model, _ in
                var problem = try TrainingProblem(
                    of: model, on: forgotten, by: unlearning, seed: target.seed)
                let forget: any Objective =
                    switch primitive {
                    case .maximumEntropy: AnswerEntropy()
                    case .npo: NegativePreference(reference: model, beta: 0.1)
                    }
                problem.objective = terms.objective(forget: forget, pools: forgotten)
                return problem
            },
            HardeningStage("distillation") { teacher, preparation in
                let count = teacher.weights.values.reduce(0) { $0 + $1.count }
                let student = try preparation.editing(operations: 4, weights: count) {
                    try noised(teacher, seed: target.seed)
                }
                var problem = try TrainingProblem(
                    of: student, on: distilled, by: training, seed: target.seed)
                problem.objective = TeacherDivergence(teacher: teacher)
                return problem
            },
        ]
    }

    /// Moves weights to noise: matrices to `(1 - a) w + a b noise`, vectors to `(1 - a) w`.
    func noised(_ model: LanguageModel, seed: UInt64) throws -> LanguageModel {
        var key = RandomKey(seed: seed)
        var weights: [String: Tensor] = [:]
        for (name, weight) in model.weights.sorted(by: { $0.key < $1.key }) {
            let kept = weight * Float(1 - corruption)
            guard weight.shape.count == 2 else {
                weights[name] = kept
                continue
            }
            let deviation = (2 / Double(weight.shape.reduce(0, +))).squareRoot()
            let drawn = Tensor.normal(weight.shape, key: key.next())
            weights[name] = kept + drawn * Float(corruption * noise * deviation)
        }
        try evaluate(Array(weights.values))
        return try model.replacing(weights)
    }

    /// The suite's plain prose.
    ///
    /// - Throws: `InputError` for a suite without any.
    private func texts(of target: HardeningTarget) throws -> [CompletionExample] {
        let model = target.model
        let most = min(textTokens, model.configuration.contextLength)
        let texts = target.suite.retain
            .map { Array(model.tokenizer.encode($0.text).prefix(most)) }
            .filter { $0.count > 1 }
            .map { CompletionExample(prompt: [$0[0]], completion: Array($0.dropFirst())) }
        guard !texts.isEmpty else {
            throw InputError(
                Self.name,
                "the suite \(target.suite.manifest.name) has no plain prose to learn from",
                remedy: "name a file of it as data.retain in the suite's manifest")
        }
        return texts
    }
}
