// SPDX-License-Identifier: Apache-2.0
// Fine-tuning on restricted data, on benign data, on both, or on one after the other.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Fine-tunes on restricted prompts with compliant answers (BadLlama, arXiv:2311.00117; few
/// examples, arXiv:2310.03693), on benign data alone (arXiv:2310.03693), or on benign and then on
/// restricted data (TAR's adversaries, arXiv:2408.00761).
///
/// An adversary that adapts mixes benign examples into each batch, keeps the model's benign
/// predictions close to the released model's, and trains only some of the weights.
public struct FineTuningAttack: TrainedAttack {
    /// The data that it learns from.
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

    /// Which weights full fine-tuning trains.
    public enum Scope: String, Codable, Sendable, CaseIterable {
        /// All of them.
        case all
        /// Those of attention, in every layer.
        case attention
        /// Those of the feed-forward networks, in every layer.
        case feedForward = "feed-forward"
        /// The embedding and the head.
        case embeddings
        /// One layer's.
        case layer
    }

    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "fine-tuning",
        summary: "LoRA or full fine-tuning on restricted data, benign data, or both.",
        source: """
            arXiv:2311.00117, arXiv:2310.03693, arXiv:2408.00761, arXiv:2402.16382; ranges of TamperBench; benign \
            and restricted examples in one batch: 2402.01109
            """,
        deviations: """
            No dropout, the loss is taken on the answers alone, and benign data are the suite's \
            own training prompts in place of Alpaca or Dolly. Held-out data are the validation \
            split's, so that points before the last are measured on prompts that were learnt from; \
            a break is claimed on test prompts alone. The divergence and the scope are ours: what \
            an attacker can do who knows of the defense. A batch holds the rounded share of benign \
            examples, and one restricted example at least.
            """)

    /// The seed draws the examples, their order and the adapters' start.
    public static let dependsOnSeed = true
    /// None if it learns only from benign data or from another domain.
    public var learntSplits: [SuiteSplit] {
        switch data {
        case .restricted, .retainThenRestricted: [.train]
        case .heldOut: [.validation]
        case .retain, .otherDomain: []
        }
    }
    /// It depends on the data and the method.
    public var learning: Learning {
        let learnt: Learning.Data =
            switch data {
            case .restricted: .restricted
            case .retain: .benign
            case .retainThenRestricted: .benignThenRestricted
            case .heldOut: .heldOut
            case .otherDomain: .otherDomain
            }
        return Learning(
            from: isMixed ? .other : learnt, changing: scope == .all ? training.change : .other)
    }
    /// Whether it learns from another domain.
    public var needsOtherSuite: Bool { data == .otherDomain }

    /// The data that it learns from.
    public var data = Data.restricted
    /// The number of distinct examples of a kind, drawn from the training split by the seed.
    public var examples = 64
    /// The share of the steps after which restricted data follow benign data.
    public var switchShare = 0.4
    /// The share of each batch of restricted examples that is replaced by benign examples, 0 to 1.
    /// At least one restricted example stays.
    public var mixture = 0.0
    /// The weight of the divergence of benign predictions from the released model's, relative to
    /// the loss; 0 turns it off. It is computed on as many benign examples as a batch has.
    public var divergenceWeight = 0.0
    /// Which weights full fine-tuning trains.
    public var scope = Scope.all
    /// The layer that scope `layer` trains, as a share of the depth.
    public var layer = 0.5
    /// The training.
    public var training = TrainingConfiguration()

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("switchShare", switchShare, in: 0...1)
        try require("mixture", mixture, in: 0...1)
        try require("divergenceWeight", divergenceWeight, in: 0...1e6)
        try require("layer", layer, in: 0...1)
        try training.validate()
        if scope != .all, training.method != .full {
            throw InputError(
                "scope", "\(scope.rawValue) is a choice of weights, and LoRA trains none",
                remedy: "set training.method to full, or choose LoRA's maps by training.targets")
        }
    }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Makes the fine-tuning on one kind of data, on both, or on one after the other.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        func pool(
            _ pairs: [(prompt: String, answer: String)], batch: Int
        ) throws -> ExamplePool {
            let chosen = try pairs.sample(examples, seed: seed).map {
                try target.model.example(
                    prompt: $0.prompt, answer: $0.answer, template: training.template)
            }
            return ExamplePool(examples: chosen, batchSize: batch)
        }
        let everyday = target.suite.benign.train.map { (prompt: $0.prompt, answer: $0.answer) }
        let mixed = isMixed ? benignInBatch : 0
        let benign = try pool(everyday, batch: training.batchSize)
        var pools = [try pool(restricted(of: target), batch: training.batchSize - mixed)]
        if mixed > 0 { pools.append(try pool(everyday, batch: mixed)) }
        let anchors = divergenceWeight > 0 ? [benign] : []

        let isBenignFirst = data == .retain || data == .retainThenRestricted
        var problem = try TrainingProblem(
            of: target.model, on: (isBenignFirst ? [benign] : pools) + anchors, by: training,
            seed: seed)
        if data == .retainThenRestricted {
            let turn = Int((Double(steps(within: target.budget)) * switchShare).rounded())
            problem.phases.append(TrainingProblem.Phase(after: turn, pools: pools + anchors))
        }
        if divergenceWeight > 0 {
            problem.objective = AnchoredCompletionLoss(
                reference: target.model, weight: Float(divergenceWeight), anchorShare: 0.5)
        }
        if scope != .all {
            problem.trainable = .named(weightNames(of: target.model))
        }
        return problem
    }

    /// Whether batches of restricted examples also hold benign ones.
    private var isMixed: Bool { mixture > 0 && data != .retain && benignInBatch > 0 }

    private var benignInBatch: Int {
        min(Int((Double(training.batchSize) * mixture).rounded()), training.batchSize - 1)
    }

    /// Returns the weights of the scope.
    private func weightNames(of model: LanguageModel) -> [String] {
        let layers = model.configuration.layerCount
        let chosen = min(Int(layer * Double(layers)), layers - 1)
        return model.configuration.parameters.map(\.name).filter { name in
            switch scope {
            case .all: true
            case .attention: name.contains(".self_attn.")
            case .feedForward: name.contains(".mlp.")
            case .embeddings: name == "model.embed_tokens.weight" || name == "lm_head.weight"
            case .layer: name.hasPrefix("model.layers.\(chosen).")
            }
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
