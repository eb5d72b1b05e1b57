// SPDX-License-Identifier: Apache-2.0
// Fine-tuning on restricted data, on benign data, or on one after the other.

internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Fine-tunes on restricted prompts with compliant answers (BadLlama, arXiv:2311.00117; few
/// examples, arXiv:2310.03693), on benign data alone (arXiv:2310.03693), or on benign and then on
/// restricted data (TAR's adversaries, arXiv:2408.00761).
public struct FineTuningAttack: TrainedAttack {
    /// What it learns from.
    public enum Data: String, Codable, Sendable, CaseIterable {
        /// Restricted prompts with compliant answers.
        case restricted
        /// Benign prompts with their answers.
        case retain
        /// Benign prompts first, then restricted ones.
        case retainThenRestricted = "retain-then-restricted"
        /// Restricted prompts that no defender has trained on: those of the validation split.
        case heldOut = "held-out"
        /// Restricted prompts of another domain, from a second suite.
        case otherDomain = "other-domain"
    }

    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "fine-tuning",
        summary: "LoRA or full fine-tuning on restricted data, benign data, or both in turn.",
        source: "arXiv:2311.00117, 2310.03693, 2408.00761, 2402.16382; ranges of TamperBench",
        deviations: """
            No dropout, the loss is taken on the answers alone, and benign data are the suite's own \
            training prompts in place of Alpaca or Dolly. Held-out data are the validation split's, \
            so that points before the last are measured on prompts that were learnt from; a break is \
            claimed on test prompts alone.
            """)

    /// The seed draws the examples, their order and the adapters' start.
    public static let dependsOnSeed = true
    /// Unless it learns from benign data or another domain alone.
    public var learntSplits: [SuiteSplit] {
        switch data {
        case .restricted, .retainThenRestricted: [.train]
        case .heldOut: [.validation]
        case .retain, .otherDomain: []
        }
    }
    /// By its data and its method.
    public var learning: Learning {
        let learnt: Learning.Data =
            switch data {
            case .restricted: .restricted
            case .retain: .benign
            case .retainThenRestricted: .benignThenRestricted
            case .heldOut: .heldOut
            case .otherDomain: .otherDomain
            }
        return Learning(from: learnt, changing: training.change)
    }
    /// Whether it learns from another domain.
    public var needsOtherSuite: Bool { data == .otherDomain }

    /// What it learns from.
    public var data = Data.restricted
    /// Distinct examples of a kind, drawn from the training split by the seed.
    public var examples = 64
    /// The share of the steps after which restricted data follow benign ones.
    public var switchShare = 0.4
    /// How it trains.
    public var training = TrainingConfiguration()

    /// The defaults.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("switchShare", switchShare, in: 0...1)
        try training.validate()
    }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Fine-tuning on one kind of data, or on one after the other.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        func pool(_ pairs: [(prompt: String, answer: String)]) throws -> ExamplePool {
            let chosen = try pairs.sample(examples, seed: seed).map {
                try target.model.example(
                    prompt: $0.prompt, answer: $0.answer, template: training.template)
            }
            return ExamplePool(examples: chosen, batchSize: training.batchSize)
        }
        let benign = try pool(benign(of: target))
        let restricted = try pool(restricted(of: target))
        let isBenignFirst = data == .retain || data == .retainThenRestricted
        var problem = try TrainingProblem(
            of: target.model, on: [isBenignFirst ? benign : restricted], by: training, seed: seed)
        if data == .retainThenRestricted {
            let turn = Int((Double(steps(within: target.budget)) * switchShare).rounded())
            problem.phases.append(TrainingProblem.Phase(after: turn, pools: [restricted]))
        }
        return problem
    }

    private func benign(of target: AttackTarget) -> [(prompt: String, answer: String)] {
        switch data {
        case .retain, .retainThenRestricted:
            target.suite.benign.train.map { ($0.prompt, $0.answer) }
        case .restricted, .heldOut, .otherDomain: []
        }
    }

    private func restricted(of target: AttackTarget) throws -> [(prompt: String, answer: String)] {
        switch data {
        case .retain: []
        case .restricted, .retainThenRestricted: try target.suite.compliantExamples()
        case .heldOut: try target.suite.compliantExamples(in: .validation)
        case .otherDomain: try target.otherSuite?.compliantExamples() ?? []
        }
    }
}
