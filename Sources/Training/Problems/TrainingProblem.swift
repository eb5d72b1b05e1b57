// SPDX-License-Identifier: Apache-2.0
// A training as a value: everything that decides what comes out of it.

public import LanguageModels
public import Tensors

/// A training as a value: the model, what of it is trained, from what, by what, and for how long.
///
/// What an attack costs, how much memory it needs and what it offers follow from this value.
public struct TrainingProblem: Sendable {
    /// Pools that a training learns from, from one step on.
    public struct Phase: Sendable {
        /// The step after which these pools are drawn from; 0 from the first on.
        public var after: Int
        /// The pools; each batch takes from every pool.
        public var pools: [ExamplePool]

        /// Makes a phase.
        ///
        /// - Parameters:
        ///   - after: The step after which these pools are drawn from.
        ///   - pools: The pools.
        public init(after: Int, pools: [ExamplePool]) {
            self.after = after
            self.pools = pools
        }
    }

    /// The model that is trained; a value, which stays as it is.
    public var model: LanguageModel
    /// Which of its numbers are trained.
    public var trainable: Trainable
    /// What is learnt from; of two phases that begin at one step, the later counts.
    public var phases: [Phase]
    /// What is minimised.
    public var objective: any Objective = CompletionLoss()
    /// The optimizer at its start.
    public var optimizer: any Optimizer
    /// The learning rate of each step, counted from 0.
    public var learningRate: @Sendable (Int) -> Float
    /// Gradients are scaled down to this global norm; nil leaves them as they are.
    public var gradientNorm: Float?
    /// The number of optimizer steps.
    public var steps: Int
    /// Decides the order of the examples.
    public var seed: UInt64
    /// What stands around the prompts of the trained model.
    public var framing = Framing()

    /// Makes a problem.
    ///
    /// - Parameters:
    ///   - model: The model that is trained.
    ///   - trainable: Which of its numbers are trained.
    ///   - pools: What is learnt from; each batch takes from every pool.
    ///   - optimizer: The optimizer at its start.
    ///   - learningRate: The learning rate of each step, counted from 0.
    ///   - steps: The number of optimizer steps.
    ///   - seed: Decides the order of the examples.
    public init(
        model: LanguageModel, trainable: Trainable, pools: [ExamplePool],
        optimizer: any Optimizer, learningRate: @escaping @Sendable (Int) -> Float, steps: Int,
        seed: UInt64
    ) {
        self.model = model
        self.trainable = trainable
        phases = [Phase(after: 0, pools: pools)]
        self.optimizer = optimizer
        self.learningRate = learningRate
        self.steps = steps
        self.seed = seed
    }

    /// Makes the problem of fine-tuning as a configuration describes it.
    ///
    /// - Parameters:
    ///   - model: The model that is trained.
    ///   - pools: What is learnt from; each batch takes from every pool.
    ///   - configuration: How it is trained; its batch size is that of the pools.
    ///   - steps: The number of optimizer steps; nil takes the configuration's.
    ///   - seed: Decides the adapters' start and the order of the examples.
    /// - Throws: `InputError` for adapters that cannot be made.
    public init(
        of model: LanguageModel, on pools: [ExamplePool], by configuration: TrainingConfiguration,
        steps: Int? = nil, seed: UInt64
    ) throws {
        let trainable: Trainable =
            switch configuration.method {
            case .lora:
                .adapters(
                    try LowRankAdapters(
                        LowRankAdapters.Configuration(
                            rank: configuration.rank, alpha: configuration.alpha,
                            targets: configuration.targets),
                        for: model.configuration, key: RandomKey(seed: seed)))
            case .full: .weights
            }
        self.init(
            model: model, trainable: trainable, pools: pools, optimizer: configuration.rule,
            learningRate: { configuration.rate(at: $0) }, steps: steps ?? configuration.steps,
            seed: seed)
        gradientNorm = configuration.gradientNorm
    }

    /// One step of the training.
    ///
    /// - Parameter reducer: How the gradient of a batch is summed up.
    /// - Returns: The step as a pure function.
    public func step(reducer: any Reducer = WholeBatch()) -> TrainingStep {
        TrainingStep(
            model: model, trainable: trainable, objective: objective, learningRate: learningRate,
            gradientNorm: gradientNorm, reducer: reducer)
    }

    /// The state before the first step.
    public var start: TrainingState {
        TrainingState(parameters: trainable.start(of: model), optimizer: optimizer)
    }

    /// Makes the model that parameters stand for, adapters merged into its weights.
    ///
    /// - Parameter state: The state of the training.
    /// - Returns: The model with what stands around its prompts.
    /// - Throws: Errors of the engine and the model.
    public func trained(at state: TrainingState) throws -> Subject {
        let parameters = state.optimizer.evaluationParameters(state.parameters)
        let subject = try trainable.subject(parameters, on: model, framing: framing)
        return Subject(try subject.model.fused(), framing: framing, edit: subject.edit)
    }

    /// The most examples of a step.
    public var batchSize: Int {
        phases.map { $0.pools.reduce(0) { $0 + min($1.batchSize, $1.examples.count) } }.max() ?? 0
    }

    /// The most tokens of an example, its completion included.
    public var exampleTokens: Int {
        phases.flatMap(\.pools).flatMap(\.examples)
            .map { $0.prompt.count + $0.completion.count }.max() ?? 0
    }

    /// How often all weights are held besides the model that is trained: what a step keeps, and
    /// the model that is offered.
    public var weightCopies: Int {
        switch trainable {
        case .virtualTokens, .addedVector, .layerOffsets, .subspaces: 0
        case .adapters: 1
        case .weights, .named:
            max(1, Int((Double(copiesOfTrained) * trainedShare).rounded(.up)))
        }
    }

    /// How often the trained weights are held: the weights, their gradients, and what the optimizer
    /// carries.
    private var copiesOfTrained: Int { 2 + max(tensorsPerParameter, 1) }

    /// The share of the model's scalars that are in trained weights.
    private var trainedShare: Double {
        guard case .named = trainable else { return 1 }
        let trained = trainable.start(of: model).reduce(0) { $0 + $1.count }
        return Double(trained) / Double(model.configuration.parameterCount)
    }

    /// How many tensors the optimizer carries for each parameter, read off a step of one number.
    private var tensorsPerParameter: Int {
        var optimizer = optimizer
        let number = [Tensor.zeros([1])]
        _ = optimizer.update(number, gradients: number, learningRate: 0)
        return optimizer.state.count
    }
}
