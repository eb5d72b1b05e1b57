// SPDX-License-Identifier: Apache-2.0
// What a measure is: an entry, and a number computed from what was observed of a model.

public import Records

/// A number that is read off a model on a suite.
///
/// A measure is one file: its entry, with the words and the place that reports give it, and its
/// computation. Temper's own stand in ``MeasureCatalogue``; one of another package is handed to an
/// audit.
public protocol Measure: Sendable {
    /// What the measure is, and how reports show it.
    static var entry: MeasureEntry { get }

    /// Whether a system prompt, earlier turns or words in the model's mouth can change the value.
    ///
    /// A measure of capability questions and retain texts alone says false. Where nothing but that
    /// was changed about a model, its value is taken from the untampered model and not computed
    /// again. True by default.
    static var isTouchedByFraming: Bool { get }

    /// Everything that the numbers depend on besides the model and the suite; part of the key under
    /// which cells are stored. The name by default: a measure with parameters adds them, and one
    /// whose computation changes adds a version.
    var identity: String { get }

    /// Takes the measure.
    ///
    /// - Parameter observation: What was observed of a model.
    /// - Returns: The number with its interval, under the entry's name and in its unit; nil if what
    ///   it needs was not observed.
    /// - Throws: What keeps a number from being computed; the cell then fails with that reason.
    func value(of observation: Observation) throws -> MeasuredValue?
}

extension Measure {
    /// True: a system prompt or a prefilled answer can change the value.
    public static var isTouchedByFraming: Bool { true }

    /// The name.
    public var identity: String { Self.entry.name }

    /// This measure as a share of known cases, with its Wilson interval.
    ///
    /// - Parameters:
    ///   - cases: Whether each case counts, in the suite's order.
    ///   - split: Which prompts.
    /// - Returns: The measurement.
    public static func share(_ cases: [Bool], split: SuiteSplit) -> MeasuredValue {
        .share(entry.name, cases, split: split)
    }

    /// This measure as a mean, with its normal interval.
    ///
    /// - Parameters:
    ///   - values: The value of each case, in the entry's unit.
    ///   - split: Which prompts.
    /// - Returns: The measurement.
    public static func mean(of values: [Double], split: SuiteSplit) -> MeasuredValue {
        .mean(entry.name, of: values, unit: entry.unit, split: split)
    }
}
