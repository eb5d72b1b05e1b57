// SPDX-License-Identifier: Apache-2.0
// RMU: states of what is to be forgotten are steered to a random vector.

internal import Adversaries
internal import LanguageModels
internal import Records
internal import Tensors
public import Training

/// Steers the states that restricted answers have behind one layer to a random vector, and holds
/// those of what is retained (representation misdirection for unlearning, arXiv:2403.03218):
/// `|h(forget) - c u|^2 + retainWeight * |h(retain) - h_before(retain)|^2`, means over coordinates.
public struct RepresentationMisdirection: Defense {
    /// How the vector is drawn; it has norm 1 before it is scaled.
    public enum Direction: String, Codable, Sendable, CaseIterable {
        /// Each coordinate from 0 to 1, as released: all such vectors point nearly the same way.
        case orthant
        /// Any direction alike, as the paper describes it.
        case sphere
    }

    /// What is trained.
    public enum Trained: String, Codable, Sendable, CaseIterable {
        /// What the feed-forward networks of the last three layers up to the steered one write, as
        /// published.
        case downProjections = "down-projections"
        /// What `training.method` says.
        case asConfigured = "as-configured"
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "rmu",
        summary: "States of restricted answers steered to a random vector behind one layer.",
        source: "arXiv:2403.03218; all parameters trained: open-unlearning",
        deviations: """
            The vector's length is a multiple of the mean norm of the states that it replaces, \
            since the published 6.5 is that of one model. By default the states of answers alone \
            are steered: prompts begin with the same template as those that are retained. The \
            layer is a share of the depth, a quarter as published. The steps and the rate are \
            chosen for a small suite, and are not tuned.
            """,
        passes: "1 forward and backward up to the layer, 1 forward of the reference up to it on "
            + "what is retained",
        needs: [.compliantAnswers])

    /// Restricted prompts with the answers to be forgotten, a step.
    public var restrictedBatch = 4
    /// Examples of all that is retained, a step.
    public var retainedBatch = 8
    /// Behind which share of the layers the states are steered.
    public var layer = 0.25
    /// The vector's norm, in multiples of the mean norm of the states that are steered; c.
    public var steering = 2.0
    /// How much the states of what is retained count, alpha.
    public var retainWeight = 100.0
    /// How the vector is drawn.
    public var direction = Direction.orthant
    /// Which states are steered and held.
    public var places = SteeredPlaces.answer
    /// What is trained.
    public var trained = Trained.downProjections
    /// How it trains; a batch is what the first two make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 2e-4
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(terms)
        try require("layer", layer, in: 0...1)
        try require("steering", steering, in: 0...1e4)
        try training.validate()
        try training.requireChat()
    }

    private var terms: UnlearningTerms {
        UnlearningTerms(
            restrictedBatch: restrictedBatch, retainedBatch: retainedBatch,
            retainWeight: retainWeight)
    }

    /// One training; the norm of the states is read first.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let pools = try terms.pools(of: HardeningExamples(defense: Self.name, target: target))
        return [
            HardeningStage("representation misdirection") { model, preparation in
                let layer = depth(of: model)
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                if trained == .downProjections {
                    problem.trainable = .named(
                        (max(layer - 3, 0)..<layer).map {
                            LayerProjection.down.weightName(inLayer: $0)
                        })
                }
                problem.objective = try objective(
                    of: model, on: pools, seed: target.seed, preparation: &preparation)
                return problem
            }
        ]
    }

    /// What is minimised from a model on, for pools of which the first is forgotten.
    ///
    /// - Throws: Errors of the engine and the model.
    func objective(
        of model: LanguageModel, on pools: [ExamplePool], seed: UInt64,
        preparation: inout Preparation
    ) throws -> UnlearningObjective {
        let layer = depth(of: model)
        let read = Array(pools[0].examples.prefix(64))
        let norm = try preparation.reading(read.map { $0.prompt + $0.completion }, planned: 1) {
            try model.meanStateNorm(of: read, behind: layer, at: places)
        }
        let vector = unitVector(width: model.configuration.width, seed: seed)
        return terms.objective(
            forget: SteeredStates(
                target: vector * (Float(steering) * norm), layer: layer, of: model,
                places: places),
            retain: HeldStates(reference: model, layer: layer, places: places), pools: pools)
    }

    /// Behind how many layers the states are steered; 1 or more.
    func depth(of model: LanguageModel) -> Int {
        let count = model.configuration.layerCount
        return min(max(Int((layer * Double(count)).rounded()), 1), count)
    }

    /// The vector before it is scaled, `[width]`.
    func unitVector(width: Int, seed: UInt64) -> Tensor {
        let key = RandomKey(seed: seed)
        let drawn =
            switch direction {
            case .orthant: Tensor.uniform([width], key: key)
            case .sphere: Tensor.normal([width], key: key)
            }
        return drawn / drawn.norm()
    }
}
