// SPDX-License-Identifier: Apache-2.0
// Automated red teaming: the model is trained on the wordings that it still answers.

internal import Adversaries
internal import JSONText
internal import LanguageModels
internal import Measuring
public import Records
internal import Suites
internal import Tokenization
public import Training

/// Looks for wordings of restricted prompts that a hardened model still answers, and trains it to
/// decline them, in turns (after MART, arXiv:2311.07689).
///
/// Each round draws wordings of training prompts, lets the model answer them, and has the answers
/// judged; those that were answered are trained on beside the suite's own examples, and are the
/// parents of half of the next round's wordings.
///
/// Deviations: wordings come from fixed frames and their compositions instead of an adversarial
/// model; the judge is the text judge, or the suite's required phrases where it has facts; both
/// sides' rewards are yes or no.
public struct RedTeam: Configurable {
    /// Wordings a round.
    public var examples = 64
    /// Tokens of an answer that is judged.
    public var answerTokens = 48
    /// Wordings with refusals a step.
    public var foundBatch = 4
    /// Restricted prompts with refusals a step.
    public var restrictedBatch = 2
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 6
    /// How each round trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 3e-4
        training.schedule = .linear
        training.steps = 24
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...100_000)
        try require("answerTokens", answerTokens, in: 1...10_000)
        try requireBatches([
            "foundBatch": foundBatch, "restrictedBatch": restrictedBatch,
            "benignBatch": benignBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// The stages of so many rounds.
    ///
    /// - Parameters:
    ///   - rounds: How many rounds.
    ///   - target: What is hardened.
    /// - Returns: A training for each round.
    func stages(rounds: Int, for target: HardeningTarget) -> [HardeningStage] {
        (0..<rounds).map { round in
            HardeningStage("red team, round \(round + 1)") { model, preparation in
                let found = try search(model, round: round, of: target, preparation: &preparation)
                return try problem(
                    for: target.replacing(model), found: found.answered, round: round)
            }
        }
    }

    /// What a round tried, and what of it the model answered.
    struct Findings {
        let tried: [MutatedPrompt]
        let answered: [MutatedPrompt]
    }

    /// Looks for wordings that a model answers.
    ///
    /// The parents of later rounds are drawn anew from what this model answers, so that a round
    /// depends on the model and the seed alone and can be resumed.
    func search(
        _ model: LanguageModel, round: Int, of target: HardeningTarget,
        preparation: inout Preparation
    ) throws -> Findings {
        var generator = SplitMix64(seed: target.seed &+ UInt64(round) &* 0x9E37_79B9)
        let plain = target.suite.restricted.train.enumerated().map {
            MutatedPrompt(origin: $0, text: $1.prompt, mutations: [])
        }
        let half = max(1, examples / 2)
        let first = PromptMutations.children(of: plain, count: half, using: &generator)
        var answered = try answered(first, by: model, of: target, preparation: &preparation)
        let parents = answered.isEmpty ? first : answered
        let second = PromptMutations.children(
            of: parents, count: max(1, examples - half), using: &generator)
        answered += try self.answered(second, by: model, of: target, preparation: &preparation)
        try preparation.report(
            "\(answered.count) of \(first.count + second.count) wordings were answered")
        return Findings(tried: first + second, answered: answered)
    }

    /// Those of some wordings that a model answers.
    private func answered(
        _ prompts: [MutatedPrompt], by model: LanguageModel, of target: HardeningTarget,
        preparation: inout Preparation
    ) throws -> [MutatedPrompt] {
        let subject = Subject(model)
        let answers = try preparation.answers(
            to: prompts.map { try subject.tokens(for: $0.text) }, by: model,
            maximumTokens: answerTokens)
        let judge = TextJudge(markers: target.suite.manifest.refusalMarkers)
        let items = target.suite.restricted.train
        return zip(prompts, answers).compactMap { prompt, tokens in
            let answer = model.tokenizer.decode(tokens, skippingSpecialTokens: true)
            if target.suite.knowledge != nil {
                let required = items[prompt.origin].required ?? []
                let isRight = !required.isEmpty && RequiredPhrases(required).areHeld(by: answer)
                return isRight ? prompt : nil
            }
            return judge.outcome(of: answer) == .complies ? prompt : nil
        }
    }

    /// Refusals of what was found and of the suite's own prompts, and what is to be answered.
    private func problem(
        for target: HardeningTarget, found: [MutatedPrompt], round: Int
    ) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: "--red-team", target: target)
        let refusals = examples.declining().map(\.refusal)
        let declined = try found.enumerated().map { index, prompt in
            try target.model.example(
                prompt: prompt.text, answer: refusals[index % max(1, refusals.count)])
        }
        var pools = try examples.retained(batch: benignBatch)
        pools.insert(
            ExamplePool(examples: try examples.declined(), batchSize: restrictedBatch), at: 0)
        if !declined.isEmpty {
            pools.insert(ExamplePool(examples: declined, batchSize: foundBatch), at: 0)
        }
        return try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed &+ UInt64(round))
    }
}
