// SPDX-License-Identifier: Apache-2.0
// Anti-generalisation: compliance that is learnt on one topic does not carry over.

internal import JSONText
internal import Records
public import Training

/// Makes compliance that an attack learns on some topics not carry over to others: from the model
/// of each step, a simulated attack learns the compliant answers of one cluster of topics, and what
/// it leads to is pulled back to refusing on the other clusters.
///
/// It is Temper's own; nearest are MLAC with few examples (arXiv:2211.14946) and layered unlearning
/// (arXiv:2505.09500). At best an attacker needs examples of each cluster, so that the gain is
/// bounded by their number.
public struct AntiGeneralisation: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "anti-generalisation",
        summary: "Compliance that is learnt on some topics does not carry over to others.",
        source: "Temper's own; nearest arXiv:2211.14946 and 2505.09500",
        passes: "attackSteps of attacks, 1 on the other clusters' refusals, 1 of all before it",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "anti-generalisation"

    /// How many clusters the topics are put into.
    public var clusters = 4
    /// How many clusters are attacked in a step, each from the same model.
    public var attackedClusters = 1
    /// The rule of the simulated attack.
    public var attackRule = AntiGeneralisationObjective.Rule.adamW
    /// The number of its steps.
    public var attackSteps = 2
    /// Examples in each of its steps.
    public var attackBatch = 4
    /// The least learning rate of the attack; for normalised steps the least length of one.
    public var lowestRate = 3e-5
    /// The greatest learning rate of the attack.
    public var highestRate = 1e-3
    /// The weight of what is wanted of the attacked model.
    public var weight: Float = 1
    /// What holds benign examples.
    public var retain = AntiGeneralisationObjective.Retain.divergence
    /// Restricted prompts of each cluster in a step, with refusals.
    public var restrictedBatch = 2
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the clusters and the two above make it.
    public var training: TrainingConfiguration

    /// Values for models of some hundred million parameters.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 2e-5
        training.schedule = .linear
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("clusters", clusters, in: 2...1_000)
        try require("attackedClusters", attackedClusters, in: 1...clusters)
        try require("attackSteps", attackSteps, in: 1...1_000)
        try requireBatches(["attackBatch": attackBatch])
        try require("lowestRate", lowestRate, in: 1e-12...1e6)
        try require("highestRate", highestRate, in: lowestRate...1e6)
        try require("weight", Double(weight), in: 0...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// The training against simulated attacks.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let groups = try examples.byTopic(atLeast: clusters)
            .clustered(into: clusters, seed: target.seed)
        let pools =
            try groups.map {
                ExamplePool(examples: $0.map(\.refusal), batchSize: restrictedBatch)
            } + examples.retained(batch: benignBatch)
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = AntiGeneralisationObjective(
            clusters: groups,
            attack: .init(
                rule: attackRule, steps: attackSteps, rates: lowestRate...highestRate,
                batchSize: attackBatch),
            attacks: attackedClusters, weight: weight, retain: retain, reference: target.model,
            pools: pools, seed: target.seed)
        return problem
    }
}
