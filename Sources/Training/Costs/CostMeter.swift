// SPDX-License-Identifier: Apache-2.0
// Counts what an attack pays, apart from what measuring it takes.

public import LanguageModels
public import Records
internal import Tensors

/// Counts what an attack, or a defense, pays: examples, steps, tokens, floating point operations,
/// seconds and dollars.
///
/// Operations are counted by the usual formulas for a transformer with N parameters in its matrix
/// products, of which N_A are adapters: forward 2N a token; LoRA fine-tuning 4N + 6N_A, because the
/// frozen weights take no gradient, and 4N when no weight does; full fine-tuning 6N; 4N + 2N_T when
/// only matrices with N_T parameters take one. N counts the tied head once. Attention scores, which
/// matter only for long sequences, are left out, and the head is counted at every token though only
/// supervised ones need it.
public struct CostMeter: Sendable {
    /// What was paid so far.
    public private(set) var cost = AttackCost.zero
    private let parameters: Double
    private let prices: Prices
    private let clock = ContinuousClock()

    /// A meter for attacks on a model.
    public init(model: LanguageModel, prices: Prices) {
        parameters = Double(model.matrixParameterCount)
        self.prices = prices
    }

    /// The same meter before anything was paid.
    package var unpaid: CostMeter {
        var meter = self
        meter.cost = .zero
        return meter
    }

    /// Adds what was counted by another meter of the same model.
    package mutating func pay(_ other: AttackCost) {
        let examples = max(cost.examples, other.examples)
        cost += other
        cost.examples = examples
    }

    /// Runs a part of the attack and adds the seconds it took.
    public mutating func timing<Result>(_ work: () throws -> Result) rethrows -> Result {
        let start = clock.now
        defer { cost.deviceSeconds += (clock.now - start).seconds }
        return try Profile.time("paid work", work)
    }

    /// Adds forward passes over `tokens` tokens.
    public mutating func countForward(tokens: Int) {
        count(tokens: tokens, operationsPerToken: 2 * parameters)
    }

    /// Adds one optimizer step.
    ///
    /// - Parameters:
    ///   - trainable: What is trained.
    ///   - tokens: The tokens of the batch, without padding.
    ///   - passes: How often the objective goes through the model.
    ///   - model: The model that is trained.
    public mutating func countStep(
        of trainable: Trainable, tokens: Int, passes: ObjectivePasses = ObjectivePasses(),
        in model: LanguageModel
    ) {
        cost.steps += 1
        let parameters = Double(model.matrixParameterCount)
        let step: Double =
            switch trainable {
            case .adapters(let adapters): 4 * parameters + 6 * Double(adapters.parameterCount)
            case .virtualTokens, .addedVector, .layerOffsets, .subspaces: 4 * parameters
            case .weights: 6 * parameters
            case .named:
                4 * parameters + 2 * Double(trainable.matrixParameterCount(in: model))
            }
        count(
            tokens: tokens,
            operationsPerToken: passes.differentiated * step + passes.forward * 2 * parameters)
    }

    /// Adds an edit of weights without a pass through the model.
    /// - Parameters:
    ///   - operations: how many for each weight; a comparison or a random draw counts as one.
    ///   - weights: the number of scalars edited.
    public mutating func countElementwise(operations: Int, weights: Int) {
        count(operations: Double(operations) * Double(weights))
    }

    /// States how many distinct examples the attack has used so far. Attacks that are run one after
    /// the other with one seed draw the same ones first, so that the greatest number counts.
    public mutating func use(examples: Int) {
        cost.examples = max(cost.examples, examples)
    }

    private mutating func count(tokens: Int, operationsPerToken: Double) {
        cost.tokens += tokens
        count(operations: operationsPerToken * Double(tokens))
    }

    private mutating func count(operations: Double) {
        cost.floatingPointOperations += operations
        cost.dollars = prices.dollars(forFloatingPointOperations: cost.floatingPointOperations)
    }
}
