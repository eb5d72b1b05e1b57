// SPDX-License-Identifier: Apache-2.0
// What an attack costs, what its evaluation costs, and at which prices.

/// What an adversary paid, without what measuring it took.
public struct AttackCost: Codable, Sendable, Hashable {
    /// Distinct restricted or other examples that the adversary used.
    public var examples: Int
    /// Optimizer steps, or the attack's own steps.
    public var steps: Int
    /// Tokens that passed through the model.
    public var tokens: Int
    /// Floating point operations by the formula that the audit states.
    public var floatingPointOperations: Double
    /// Seconds measured on the machine of the audit; they differ from run to run.
    public var deviceSeconds: Double
    /// US dollars for the floating point operations at the record's prices: never from
    /// `deviceSeconds`, so that the same run costs the same.
    public var dollars: Double

    /// Holds a cost; what is left out is zero.
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

    /// Nothing spent.
    public static let zero = AttackCost()

    /// Both costs together.
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

/// What measuring took: paid by the auditor, not by the adversary.
public struct EvaluationCost: Codable, Sendable, Hashable {
    /// Prompts and items that the model was asked.
    public var prompts: Int
    /// Tokens that passed through the model.
    public var tokens: Int
    /// Those of them that models thought before they answered; nil where none did.
    public var thinkingTokens: Int?
    /// How many answers the deciding judge was asked about; nil where the text judge decides.
    public var judgeCalls: Int?
    /// What its endpoint charged, in US dollars; nil where no price is known.
    public var judgeDollars: Double?
    /// Floating point operations by the formula that the audit states.
    public var floatingPointOperations: Double
    /// Seconds measured on the machine of the audit; they differ from run to run.
    public var deviceSeconds: Double
    /// US dollars for the floating point operations at the record's prices.
    public var dollars: Double

    /// Holds a cost; what is left out is zero.
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

    /// Nothing spent.
    public static let zero = EvaluationCost()

    /// Both costs together.
    public static func + (left: EvaluationCost, right: EvaluationCost) -> EvaluationCost {
        /// Returns the sum of what is known; nil where neither is.
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
    /// Which accelerator and precision the peak is of.
    public var accelerator: String
    /// The month of the price, as `2026-11`.
    public var date: String

    /// States prices; the defaults are an H100's rent and dense bfloat16 peak.
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

    /// Returns the dollars for so many floating point operations on the priced accelerator.
    public func dollars(forFloatingPointOperations operations: Double) -> Double {
        let rate = peakFlops * utilisation
        return rate > 0 ? operations / rate / 3_600 * dollarsPerHour : 0
    }
}
