// SPDX-License-Identifier: Apache-2.0
// The costs of an attack and of its evaluation, and the prices.

/// The cost of an adversary, without the cost of measuring.
public struct AttackCost: Codable, Sendable, Hashable {
    /// The number of distinct examples, restricted or not, that the adversary used.
    public var examples: Int
    /// The number of optimizer steps, or of the attack's own steps.
    public var steps: Int
    /// The number of tokens that passed through the model.
    public var tokens: Int
    /// Floating point operations by the formula that the audit states.
    public var floatingPointOperations: Double
    /// Seconds measured on the machine of the audit; they differ from run to run.
    public var deviceSeconds: Double
    /// US dollars for the floating point operations at the record's prices. They do not depend on
    /// `deviceSeconds`, so that the same run costs the same.
    public var dollars: Double

    /// Makes a cost. Omitted parts are zero.
    public init(
        examples: Int = 0, steps: Int = 0, tokens: Int = 0, floatingPointOperations: Double = 0,
        deviceSeconds: Double = 0, dollars: Double = 0
    ) {
        self.examples = examples
        self.steps = steps
        self.tokens = tokens
        self.floatingPointOperations = floatingPointOperations
        self.deviceSeconds = deviceSeconds
        self.dollars = dollars
    }

    /// No cost.
    public static let zero = AttackCost()

    /// Returns the sum of both costs.
    public static func + (left: AttackCost, right: AttackCost) -> AttackCost {
        AttackCost(
            examples: left.examples + right.examples, steps: left.steps + right.steps,
            tokens: left.tokens + right.tokens,
            floatingPointOperations: left.floatingPointOperations + right.floatingPointOperations,
            deviceSeconds: left.deviceSeconds + right.deviceSeconds,
            dollars: left.dollars + right.dollars)
    }

    /// Adds a cost.
    public static func += (left: inout AttackCost, right: AttackCost) { left = left + right }
}

/// The cost of measuring, which the auditor pays and not the adversary.
public struct EvaluationCost: Codable, Sendable, Hashable {
    /// The number of prompts and items given to the model.
    public var prompts: Int
    /// The number of tokens that passed through the model.
    public var tokens: Int
    /// The number of those tokens that models used for thinking before they answered; nil without
    /// any.
    public var thinkingTokens: Int?
    /// The number of answers given to the deciding judge; nil if the text judge decides.
    public var judgeCalls: Int?
    /// The charge of its endpoint, in US dollars; nil if no price is known.
    public var judgeDollars: Double?
    /// Floating point operations by the formula that the audit states.
    public var floatingPointOperations: Double
    /// Seconds measured on the machine of the audit; they differ from run to run.
    public var deviceSeconds: Double
    /// US dollars for the floating point operations at the record's prices.
    public var dollars: Double

    /// Makes a cost. Omitted parts are zero.
    public init(
        prompts: Int = 0, tokens: Int = 0, thinkingTokens: Int? = nil, judgeCalls: Int? = nil,
        judgeDollars: Double? = nil, floatingPointOperations: Double = 0,
        deviceSeconds: Double = 0, dollars: Double = 0
    ) {
        self.prompts = prompts
        self.tokens = tokens
        self.thinkingTokens = thinkingTokens
        self.judgeCalls = judgeCalls
        self.judgeDollars = judgeDollars
        self.floatingPointOperations = floatingPointOperations
        self.deviceSeconds = deviceSeconds
        self.dollars = dollars
    }

    /// No cost.
    public static let zero = EvaluationCost()

    /// Returns the sum of both costs.
    public static func + (left: EvaluationCost, right: EvaluationCost) -> EvaluationCost {
        /// Returns the sum of the known values; nil if neither is known.
        func sum<Value: AdditiveArithmetic>(_ left: Value?, _ right: Value?) -> Value? {
            left.map { $0 + (right ?? .zero) } ?? right
        }
        return EvaluationCost(
            prompts: left.prompts + right.prompts, tokens: left.tokens + right.tokens,
            thinkingTokens: sum(left.thinkingTokens, right.thinkingTokens),
            judgeCalls: sum(left.judgeCalls, right.judgeCalls),
            judgeDollars: sum(left.judgeDollars, right.judgeDollars),
            floatingPointOperations: left.floatingPointOperations + right.floatingPointOperations,
            deviceSeconds: left.deviceSeconds + right.deviceSeconds,
            dollars: left.dollars + right.dollars)
    }

    /// Adds a cost.
    public static func += (left: inout EvaluationCost, right: EvaluationCost) {
        left = left + right
    }
}

/// The prices that turn floating point operations into dollars.
public struct Prices: Codable, Sendable, Hashable {
    /// The rent of the accelerator, in US dollars an hour.
    public var dollarsPerHour: Double
    /// The accelerator's peak, in floating point operations a second.
    public var peakFlops: Double
    /// The share of the peak that training reaches, between 0 and 1.
    public var utilisation: Double
    /// The accelerator and precision of the peak.
    public var accelerator: String
    /// The month of the price, as `2026-11`.
    public var date: String

    /// Makes prices. The defaults are an H100's rent and dense bfloat16 peak.
    public init(
        dollarsPerHour: Double = 2.50, peakFlops: Double = 989e12, utilisation: Double = 0.4,
        accelerator: String = "NVIDIA H100 SXM, bfloat16", date: String = "2026-11"
    ) {
        self.dollarsPerHour = dollarsPerHour
        self.peakFlops = peakFlops
        self.utilisation = utilisation
        self.accelerator = accelerator
        self.date = date
    }

    /// Returns the dollars for a number of floating point operations on the priced accelerator.
    public func dollars(forFloatingPointOperations operations: Double) -> Double {
        let rate = peakFlops * utilisation
        return rate > 0 ? operations / rate / 3_600 * dollarsPerHour : 0
    }
}
