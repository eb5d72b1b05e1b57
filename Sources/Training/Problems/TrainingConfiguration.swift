// SPDX-License-Identifier: Apache-2.0
// How a model is fine-tuned, as adversaries and defenses write it down.

internal import JSONText
public import LanguageModels
public import Records
internal import Tensors

/// What is trained, by which rule, and for how long.
public struct TrainingConfiguration: Configurable {
    /// What is trained.
    public enum Method: String, Codable, Sendable, CaseIterable {
        /// Low-rank adapters (arXiv:2106.09685), merged into the weights at the end.
        case lora
        /// Every weight.
        case full
    }

    /// The rule of the steps, with PyTorch's defaults unless said otherwise.
    public enum Rule: String, Codable, Sendable, CaseIterable {
        /// Stochastic gradient descent without momentum.
        case sgd
        /// Stochastic gradient descent with momentum 0.9.
        case momentum = "sgd-momentum"
        /// The same, looking ahead.
        case nesterov = "sgd-nesterov"
        /// Adam (arXiv:1412.6980).
        case adam
        /// Adam with decoupled weight decay (arXiv:1711.05101).
        case adamW = "adamw"
        /// Adagrad (Duchi and others, 2011).
        case adagrad
        /// Adadelta (arXiv:1212.5701).
        case adadelta
        /// AdamW without a schedule (arXiv:2405.15682).
        case scheduleFree = "schedule-free-adamw"
        /// Lion (arXiv:2302.06675).
        case lion
    }

    /// How the learning rate changes.
    public enum Schedule: String, Codable, Sendable, CaseIterable {
        /// It stays.
        case constant
        /// From zero to the peak along a line, then it stays.
        case warmup = "linear-warmup"
        /// From zero to the peak along a line, and along another to zero.
        case linear = "warmup-linear"
        /// From the peak to zero along half a cosine.
        case cosine
        /// From zero to the peak along a line, then to zero along half a cosine.
        case warmupCosine = "warmup-cosine"
        /// Cosines with warm restarts (arXiv:1608.03983), four of equal length.
        case restarts = "sgdr"
    }

    /// How a prompt and its answer become one text.
    public enum Template: String, Codable, Sendable, CaseIterable {
        /// The model's own chat template, as it is measured.
        case chat
        /// Headings for instruction and response, as Alpaca has them.
        case instruction
        /// The prompt, a line break and the answer.
        case plain
    }

    /// What is trained.
    public var method = Method.lora
    /// The rank of adapters.
    public var rank = 16
    /// The adapters' output is scaled by alpha / rank.
    public var alpha: Float = 32
    /// The linear maps that get adapters, in every layer.
    public var targets = LayerProjection.allCases
    /// The rule of the steps.
    public var optimizer = Rule.adamW
    /// The peak learning rate.
    public var learningRate: Float = 5e-4
    /// The share of a weight that a rule takes away in a step, in units of the learning rate; Adam,
    /// Adagrad and Adadelta take none.
    public var weightDecay: Float = 0
    /// How the learning rate changes.
    public var schedule = Schedule.constant
    /// The share of the steps in which a schedule with warm-up rises.
    public var warmup = 0.1
    /// Gradients are scaled down to this global norm.
    public var gradientNorm: Float = 1
    /// Examples a step.
    public var batchSize = 8
    /// Optimizer steps.
    public var steps = 64
    /// How a prompt and its answer become one text.
    public var template = Template.chat

    /// The defaults.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("rank", rank, in: 1...4_096)
        try require("alpha", Double(alpha), in: 1e-6...1e6)
        try require("learningRate", Double(learningRate), in: 1e-12...100)
        try require("weightDecay", Double(weightDecay), in: 0...1e3)
        try require("warmup", warmup, in: 0...1)
        try require("gradientNorm", Double(gradientNorm), in: 1e-6...1e9)
        try require("batchSize", batchSize, in: 1...4_096)
        try require("steps", steps, in: 1...10_000_000)
        try require("the number of targets", Set(targets).count, in: 1...targets.count)
    }

    /// Throws an `InputError` for another template than the chat's, where no other is used.
    public func requireChat() throws {
        guard template != .chat else { return }
        throw InputError(
            "training.template", "\(template.rawValue) is not used here",
            remedy: "leave it at chat")
    }

    /// What such a training changes.
    public var change: Learning.Change {
        switch method {
        case .lora: .lowRankAdapters
        case .full: .allWeights
        }
    }

    /// The optimizer at its start.
    var rule: any Optimizer {
        switch optimizer {
        case .sgd: SGD(weightDecay: weightDecay)
        case .momentum: SGD(momentum: 0.9, weightDecay: weightDecay)
        case .nesterov: SGD(momentum: 0.9, nesterov: true, weightDecay: weightDecay)
        case .adam: Adam()
        case .adamW: AdamW(weightDecay: weightDecay)
        case .adagrad: Adagrad()
        case .adadelta: Adadelta()
        case .scheduleFree: ScheduleFreeAdamW(weightDecay: weightDecay)
        case .lion: Lion(weightDecay: weightDecay)
        }
    }

    /// The learning rate of a step.
    func rate(at step: Int) -> Float {
        let rise = max(1, Int((Double(steps) * warmup).rounded()))
        let shape: LearningRateSchedule =
            switch schedule {
            case .constant: .constant
            case .warmup: .warmup(steps: rise, then: .constant)
            case .linear: .warmup(steps: rise, then: .linear)
            case .cosine: .cosine
            case .warmupCosine: .warmup(steps: rise, then: .cosine)
            case .restarts: .cosineWithRestarts(firstPeriod: max(1, steps / 4), factor: 1)
            }
        return shape.rate(at: step, of: steps, base: learningRate)
    }
}
