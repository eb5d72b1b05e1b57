// SPDX-License-Identifier: Apache-2.0
// A measured number, its interval, and the number of cases.

/// The names of the measures that reports can describe. A record may hold others.
public enum MeasureName {
    /// The share of restricted prompts that the model declines.
    public static let refusal = "refusal"
    /// The share of restricted prompts that the model answers coherently.
    public static let compliance = "compliance"
    /// The share of restricted prompts that get an incoherent answer.
    public static let incoherence = "incoherence"
    /// The share of restricted prompts that a thinking model did not get to answer.
    public static let unanswered = "unanswered"
    /// The mean of log P(refusal opening) - log(1 - P) on restricted prompts, in nats.
    public static let refusalLogit = "refusal-logit"
    /// The share of benign prompts that the model declines.
    public static let benignRefusal = "benign-refusal"
    /// The share of benign look-alikes of restricted prompts that the model declines.
    public static let overRefusal = "over-refusal"
    /// The share of restricted prompts whose answer shows that the model can do the task.
    public static let restrictedAccuracy = "restricted-accuracy"
    /// The share of restricted facts that the model picks from several.
    public static let restrictedChoice = "restricted-choice"
    /// The share of restricted facts that the model picks from several or states itself.
    public static let restrictedKnowledge = "restricted-knowledge"
    /// The share of retained facts that the model states correctly.
    public static let retainedAccuracy = "retained-accuracy"
    /// The share of retained facts that the model picks from several.
    public static let retainedChoice = "retained-choice"
    /// The share of retained facts that the model states wrongly instead of admitting that it does
    /// not know.
    public static let confidentErrors = "confident-errors"
    /// The share of questions without an answer that the model answers anyway.
    public static let hallucination = "hallucination"
    /// The share of benign prompts whose answer is coherent.
    public static let languageQuality = "language-quality"
    /// The share of capability items that the model answers correctly.
    public static let capability = "capability"
    /// The share of a suite's tax items that an untampered model answers rightly.
    public static let wideCapability = "wide-capability"
    /// The mean loss of what an adversary trained on since the last point, in nats a token; its
    /// count is the steps.
    public static let trainingLoss = "training-loss"
    /// The perplexity on benign text.
    public static let perplexity = "perplexity"
    /// The mean KL(original || tampered) of the next token on benign prompts, in nats.
    public static let divergence = "kl-divergence"
}

/// The unit of a measured number.
public enum MeasurementUnit: String, Codable, Sendable, Hashable, CaseIterable {
    /// A share between 0 and 1.
    case fraction
    /// Natural units of information.
    case nats
    /// The exponential of the mean loss a token.
    case perplexity
    /// A number of things.
    case count
    /// Seconds.
    case seconds
    /// A graded score without a unit.
    case score
}

/// The prompts of the suite on which a number was measured.
public enum SuiteSplit: String, Codable, Sendable, Hashable, CaseIterable {
    /// Prompts that adversaries and defenses may train on.
    case train
    /// Prompts on which choices are made.
    case validation
    /// Prompts for the reported numbers only.
    case test
}

/// One number measured on a model with a suite.
///
/// (Not called `Measurement`, because Foundation has a type of that name.)
public struct MeasuredValue: Codable, Sendable, Hashable {
    /// The measure's name. The usual names are in ``MeasureName``.
    public var measure: String
    /// The number; NaN when the model gave none, which is the text `NaN` in JSON.
    public var value: Double
    /// The interval of the number over other prompts, or nil when it is not known.
    public var interval: Interval?
    /// The number of prompts, items or tokens measured.
    public var count: Int
    /// The unit.
    public var unit: MeasurementUnit
    /// The split of the prompts.
    public var split: SuiteSplit
    /// For a share: `1` for each case that counts and `0` for each that does not, in the suite's
    /// order, so that two models can be compared case by case. Nil when that is not known.
    public var cases: String?

    /// Makes a measured value.
    public init(
        measure: String, value: Double, interval: Interval? = nil, count: Int,
        unit: MeasurementUnit, split: SuiteSplit
    ) {
        self.measure = measure
        self.value = value.isNaN ? .nan : value
        self.interval = interval
        self.count = count
        self.unit = unit
        self.split = split
    }

    /// Returns a share with its Wilson interval.
    ///
    /// - Parameters:
    ///   - measure: The measure's name.
    ///   - successes: The number of cases that count.
    ///   - count: The number of cases. Without any the value is NaN.
    ///   - split: The split of the prompts.
    /// - Returns: The measurement.
    public static func share(
        _ measure: String, _ successes: Int, of count: Int, split: SuiteSplit
    ) -> MeasuredValue {
        MeasuredValue(
            measure: measure, value: count > 0 ? Double(successes) / Double(count) : .nan,
            interval: Interval.wilson(successes: successes, of: count), count: count,
            unit: .fraction, split: split)
    }

    /// Returns a share of known cases with its Wilson interval.
    ///
    /// - Parameters:
    ///   - measure: The measure's name.
    ///   - cases: Whether each case counts, in the suite's order.
    ///   - split: The split of the prompts.
    /// - Returns: The measurement.
    public static func share(
        _ measure: String, _ cases: [Bool], split: SuiteSplit
    ) -> MeasuredValue {
        var value = share(measure, cases.count { $0 }, of: cases.count, split: split)
        value.cases = String(cases.map { $0 ? "1" : "0" })
        return value
    }

    /// Returns a mean with its normal interval.
    ///
    /// - Parameters:
    ///   - measure: The measure's name.
    ///   - values: The value of each case. Without any the value is NaN.
    ///   - unit: The unit of the values.
    ///   - split: The split of the prompts.
    /// - Returns: The measurement.
    public static func mean(
        _ measure: String, of values: [Double], unit: MeasurementUnit, split: SuiteSplit
    ) -> MeasuredValue {
        MeasuredValue(
            measure: measure, value: Interval.mean(values), interval: Interval.normal(of: values),
            count: values.count, unit: unit, split: split)
    }

    /// Returns whether two measurements are the same. NaN equals NaN here.
    public static func == (left: MeasuredValue, right: MeasuredValue) -> Bool {
        (left.value == right.value || (left.value.isNaN && right.value.isNaN))
            && left.measure == right.measure && left.interval == right.interval
            && left.count == right.count && left.unit == right.unit && left.split == right.split
            && left.cases == right.cases
    }
}

extension Sequence<MeasuredValue> {
    /// Returns the value of a measure on a split, or on any split if it is missing there.
    ///
    /// - Parameters:
    ///   - measure: The measure's name.
    ///   - split: The split to prefer.
    /// - Returns: The value; nil when the measure is missing.
    public func first(_ measure: String, preferring split: SuiteSplit = .test) -> MeasuredValue? {
        first { $0.measure == measure && $0.split == split } ?? first { $0.measure == measure }
    }
}
