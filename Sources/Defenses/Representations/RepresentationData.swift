// SPDX-License-Identifier: Apache-2.0
// What defenses of the representation learn from, and the refusal that they begin with.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
public import Training

/// The data of defenses that change how a model represents restricted text.
struct RepresentationData {
    /// Compliant answers, or restricted facts.
    let restricted: [CompletionExample]
    /// Restricted prompts with refusals.
    let refusals: [CompletionExample]
    /// What must stay, in batches of the size that was asked for.
    let retained: [ExamplePool]
    /// Whether the suite is of a refusal.
    let isRefusal: Bool

    /// Reads the data.
    ///
    /// - Parameters:
    ///   - defense: Who asks, for errors.
    ///   - target: What is hardened.
    ///   - batch: The retained examples of a batch.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    init(for defense: String, target: HardeningTarget, retaining batch: Int) throws {
        let examples = HardeningExamples(defense: defense, target: target)
        restricted = try examples.forgotten()
        refusals = try examples.declined()
        retained = try examples.retained(batch: batch)
        isRefusal = target.suite.knowledge == nil
    }

    /// Returns what a step of such a defense takes: restricted examples, refusals, which a
    /// restriction of knowledge has none of, and what must stay.
    ///
    /// - Parameters:
    ///   - size: Restricted examples a step.
    ///   - refusalSize: Restricted prompts with refusals a step.
    /// - Returns: The pools, the restricted one first.
    func pools(restricted size: Int, refusals refusalSize: Int) -> [ExamplePool] {
        [
            ExamplePool(examples: restricted, batchSize: size),
            ExamplePool(examples: isRefusal ? refusals : [], batchSize: refusalSize),
        ] + retained
    }

    /// Refusal training of a model that does not decline yet; none where it is not asked for, and
    /// none for a restriction of knowledge.
    func refusalStage(_ refusal: RefusalFirst, seed: UInt64) -> [HardeningStage] {
        guard refusal.isTrained, isRefusal else { return [] }
        let (declined, retained) = (
            ExamplePool(examples: refusals, batchSize: refusal.restrictedBatch), self.retained
        )
        return [
            HardeningStage("refusal training") { model, _ in
                try TrainingProblem(
                    of: model, on: [declined] + retained, by: refusal.training, seed: seed)
            }
        ]
    }
}

/// How a model is first taught to decline, by conventional refusal training.
///
/// Defenses of the representation were published for models that decline already: they keep that as
/// it is. A model that declines already needs no such training.
public struct RefusalFirst: Codable, Sendable, Hashable {
    /// Whether the model is taught to decline first.
    public var isTrained = true
    /// Restricted prompts with refusals a step, beside what the defense retains.
    public var restrictedBatch = 4
    /// How it trains; a batch is what the one above and the defense's retained examples make it.
    public var training: TrainingConfiguration

    /// The defaults, those of `refusal-training`.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 90
    }
}

extension Defense {
    /// Throws an `InputError` for refusal training out of range.
    func validate(_ refusal: RefusalFirst) throws {
        try requireBatches(["refusal.restrictedBatch": refusal.restrictedBatch])
        try refusal.training.validate()
        try refusal.training.requireChat()
    }

    /// Throws an `InputError` for a share of the depth that is not 0 to 1, or named twice.
    func requireDepths(_ name: String, _ depths: [Double]) throws {
        for depth in depths { try require(name, depth, in: 0...1) }
        guard Set(depths).count < depths.count else { return }
        throw InputError(name, "names a depth twice", remedy: "name each depth once")
    }
}

extension LanguageModel {
    /// Behind how many layers a share of the depth is, 0 for the embedding.
    ///
    /// - Parameter depths: Shares; none means behind every layer.
    /// - Returns: The numbers of layers in ascending order.
    func statesBehind(_ depths: [Double]) -> [Int] {
        let count = configuration.layerCount
        guard !depths.isEmpty else { return Array(1...max(count, 1)) }
        return Set(depths.map { Int(($0 * Double(count)).rounded()) }).sorted()
    }
}

extension [ExamplePool] {
    /// The tokens of a pool's part of a batch, on average.
    private func tokens(_ pool: ExamplePool) -> Double {
        let tokens = pool.examples.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        let size = Swift.min(pool.batchSize, pool.examples.count)
        return Double(tokens * size) / Double(Swift.max(pool.examples.count, 1))
    }

    /// The share that the first pool has of the tokens of a batch, on average.
    var firstShare: Double {
        let all = reduce(0) { $0 + tokens($1) }
        return all > 0 ? (first.map { tokens($0) } ?? 0) / all : 0
    }
}
