// SPDX-License-Identifier: Apache-2.0
// Compliance that is learnt on one topic does not carry over to another.

public import LanguageModels
internal import Records
public import Tensors

/// Makes compliance that is learnt on one cluster of topics not carry over to the others.
///
/// In each step some clusters i are drawn. From the current parameters w a simulated attack learns
/// the compliant answers of i, which leads to w_i. With L_refuse the mean negative log-likelihood
/// of refusals, in nats a token, a step goes against
///
///     lambda * mean over i: grad L_refuse(clusters j != i; w_i)
///         + grad [L_refuse(all; w) + L_retain(w)]
///
/// How w_i depends on w is left out (first order). Of the pools, one for each cluster holds
/// refusals; the others hold what is retained.
public struct AntiGeneralisationObjective: Objective {
    /// The rule of the simulated attack.
    public enum Rule: String, Codable, Sendable, CaseIterable {
        /// Each step moves all parameters together by the learning rate, in the Euclidean norm.
        case normalised
        /// AdamW without weight decay.
        case adamW = "adamw"
    }

    /// What holds the retained examples.
    public enum Retain: String, Codable, Sendable, CaseIterable {
        /// Their mean negative log-likelihood.
        case likelihood
        /// The mean divergence KL(before hardening || now) where their tokens are predicted.
        case divergence
    }

    /// A simulated attack.
    public struct Attack: Sendable, Hashable {
        /// The rule.
        public var rule: Rule
        /// The number of its steps.
        public var steps: Int
        /// From where to where its learning rate is drawn, each order of magnitude as probable.
        public var rates: ClosedRange<Double>
        /// Examples a step.
        public var batchSize: Int

        /// Makes an attack.
        ///
        /// - Parameters:
        ///   - rule: The rule.
        ///   - steps: The number of its steps.
        ///   - rates: From where to where its learning rate is drawn.
        ///   - batchSize: Examples a step.
        public init(rule: Rule, steps: Int, rates: ClosedRange<Double>, batchSize: Int) {
            (self.rule, self.steps) = (rule, steps)
            (self.rates, self.batchSize) = (rates, batchSize)
        }
    }

    /// The examples of each cluster.
    public let clusters: [[RestrictedExample]]
    /// The simulated attack.
    public let attack: Attack
    /// How many clusters are attacked in a step, one after the other, each from the same model.
    public let attacks: Int
    /// The weight lambda of what is wanted of attacked models.
    public let weight: Float
    /// What holds the retained examples.
    public let retain: Retain
    /// The model before hardening.
    public let reference: LanguageModel
    /// Decides which clusters are attacked, with what, and how fast.
    public let seed: UInt64
    /// The attacks, the refusals behind them, and all of the batch before them.
    public let passes: ObjectivePasses

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - clusters: The examples of each cluster, 2 clusters or more.
    ///   - attack: The simulated attack.
    ///   - attacks: How many clusters are attacked in a step.
    ///   - weight: The weight lambda of what is wanted of attacked models.
    ///   - retain: What holds the retained examples.
    ///   - reference: The model before hardening.
    ///   - pools: What is learnt from: the refusals of each cluster, then what is retained.
    ///   - seed: Decides which clusters are attacked, with what, and how fast.
    public init(
        clusters: [[RestrictedExample]], attack: Attack, attacks: Int, weight: Float,
        retain: Retain, reference: LanguageModel, pools: [ExamplePool], seed: UInt64
    ) {
        (self.clusters, self.attack, self.attacks) = (clusters, attack, attacks)
        (self.weight, self.retain) = (weight, retain)
        (self.reference, self.seed) = (reference, seed)
        let count = Double(min(attacks, clusters.count))
        let others = count * Double(clusters.count - 1) / Double(max(clusters.count, 1))
        let compliant = clusters.flatMap { $0 }.map(\.compliant).meanTokens
        passes = ObjectivePasses(
            on: pools, differentiated: pools.indices.map { $0 < clusters.count ? 1 + others : 1 },
            forward: pools.indices.map {
                $0 >= clusters.count && retain == .divergence ? 1 : 0
            }, others: count * Double(attack.steps * attack.batchSize) * compliant)
    }

    /// One attack of a step: which cluster, how fast, and from what.
    package struct Draw: Sendable {
        package let cluster: Int
        package let rate: Float
        package let batches: [[CompletionExample]]
    }

    /// Draws the attacks of a step.
    package func draws(at step: Int) -> [Draw] {
        var generator = SplitMix64(seed: seed, step: step)
        let chosen = clusters.indices.shuffled(using: &generator).prefix(attacks)
        return chosen.map { cluster in
            let rate = generator.logUniform(in: attack.rates)
            let examples = clusters[cluster].map(\.compliant)
            var order = BatchOrder(
                count: examples.count, batchSize: attack.batchSize, seed: generator.next())
            return Draw(
                cluster: cluster, rate: rate,
                batches: (0..<attack.steps).map { _ in order.next().map { examples[$0] } })
        }
    }

    /// Computes the loss before an attack.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try CompletionLoss().loss(of: subject, on: refusals(in: batch))
            + retained(subject, on: batch.pools(from: clusters.count))
    }

    /// Attacks the model, and computes the whole loss and the direction above.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss, and a direction for each parameter. The attacks are evaluated.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let refused = try point.gradient(of: refusals(in: batch), by: reducer)
        let kept = try point.gradient(of: batch.pools(from: clusters.count), by: reducer) {
            try retained($0, on: $1)
        }
        var (value, direction) = (refused.value + kept.value, refused.gradient + kept.gradient)
        let draws = draws(at: batch.step)
        for draw in draws {
            let end = try attacked(from: point, by: draw, reducer: reducer)
            let share = weight / Float(draws.count)
            let after = try point.gradient(
                at: end, of: refusals(in: batch, without: draw.cluster), by: reducer)
            value = value + after.value * share
            direction = direction + after.gradient * share
            // What one attack kept is let go before the next.
            try evaluate(direction.tensors + [value])
        }
        return (value, direction.tensors)
    }

    /// Takes the steps of an attack.
    private func attacked(
        from point: TrainingPoint, by draw: Draw, reducer: any Reducer
    ) throws -> ParameterVector {
        var parameters = ParameterVector(point.parameters)
        var adam = AdamW(weightDecay: 0)
        for examples in draw.batches {
            let slope = try point.gradient(
                at: parameters, of: TrainingBatch(pools: [examples]), by: reducer
            ).gradient
            switch attack.rule {
            case .normalised: parameters = parameters - slope.normalised * draw.rate
            case .adamW:
                parameters = ParameterVector(
                    adam.update(
                        parameters.tensors, gradients: slope.tensors, learningRate: draw.rate))
            }
            try evaluate(parameters.tensors + adam.state)
        }
        return parameters
    }

    private func refusals(in batch: TrainingBatch, without cluster: Int? = nil) -> TrainingBatch {
        TrainingBatch(
            pools: clusters.indices.filter { $0 != cluster }.map { batch.pools[$0] },
            step: batch.step)
    }

    private func retained(_ subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        switch retain {
        case .likelihood: return try CompletionLoss().loss(of: subject, on: batch)
        case .divergence:
            let rows = try SupervisedRows(batch.examples, in: subject.model)
            let now = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
            let before = try reference.forward(rows).logProbabilities()
            return (before.exp() * (before - now)).sum(axis: -1).mean()
        }
    }
}
