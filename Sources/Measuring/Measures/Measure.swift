// SPDX-License-Identifier: Apache-2.0
// The protocol of measures: an entry, and a number computed from an observation of a model.

public import Records

/// A number that is measured on a model with a suite.
///
/// A measure is one file: its entry, with its wording and its place in reports, and its
/// computation. Temper's own are in ``MeasureCatalogue``; a measure of another package is passed to
/// an audit.
public protocol Measure: Sendable {
    /// The description of the measure, and how reports show it.
    static var entry: MeasureEntry { get }

    /// Whether a system prompt, earlier turns or a prefilled answer can change the value.
    ///
    /// False for a measure of only capability questions and retain texts. If nothing else was
    /// changed about a model, its value is taken from the untampered model and not computed again.
    /// True by default.
    static var isTouchedByFraming: Bool { get }

    /// Everything that the numbers depend on in addition to the model and the suite. It is part of
    /// the key under which cells are stored. By default it is the name: a measure with parameters
    /// adds them, and a measure whose computation changes adds a version.
    var identity: String { get }

    /// Takes the measure.
    ///
    /// - Parameter observation: The observation of a model.
    /// - Returns: The number with its interval, under the entry's name and in its unit; nil if the
    ///   observation lacks what it needs.
    /// - Throws: An error if the number cannot be computed. The cell then fails with that reason.
    func value(of observation: Observation) throws -> MeasuredValue?
}

extension Measure {
    /// True: a system prompt or a prefilled answer can change the value.
    public static var isTouchedByFraming: Bool { true }

    /// The name.
    public var identity: String { Self.entry.name }

    /// Returns this measure as a share of known cases, with its Wilson interval.
    ///
    /// - Parameters:
    ///   - cases: Whether each case counts, in the suite's order.
    ///   - split: The split of the prompts.
    /// - Returns: The measurement.
    public static func share(_ cases: [Bool], split: SuiteSplit) -> MeasuredValue {
        .share(entry.name, cases, split: split)
    }

    /// Returns this measure as a mean, with its normal interval.
    ///
    /// - Parameters:
    ///   - values: The value of each case, in the entry's unit.
    ///   - split: The split of the prompts.
    /// - Returns: The measurement.
    public static func mean(of values: [Double], split: SuiteSplit) -> MeasuredValue {
        .mean(entry.name, of: values, unit: entry.unit, split: split)
    }
}
