// SPDX-License-Identifier: Apache-2.0
// The values from which a searching adversary may choose a parameter.

internal import Foundation
internal import JSONText

/// The values of one parameter from which a search chooses: numbers between two ends, or choices.
public struct SearchRange: Codable, Sendable, Hashable {
    /// How numbers between the ends are distributed.
    public enum Scale: String, Codable, Sendable, Hashable {
        /// Equal differences are equally probable.
        case linear
        /// Equal ratios are equally probable.
        case log
    }

    /// The least number.
    public var from: Double?
    /// The greatest number.
    public var to: Double?
    /// The distribution of numbers; linear by default.
    public var scale: Scale?
    /// Whether only whole numbers are allowed.
    public var whole: Bool?
    /// The values to choose from, instead of numbers.
    public var choices: [ParameterValue]?

    /// Makes a range of numbers.
    public init(from: Double, to: Double, scale: Scale = .linear, whole: Bool = false) {
        self.from = from
        self.to = to
        self.scale = scale
        self.whole = whole
    }

    /// Makes a range of choices.
    public init(choices: [ParameterValue]) {
        self.choices = choices
    }

    /// Checks that the range can be searched.
    ///
    /// - Parameter place: The place that an error names.
    /// - Throws: `InputError` for a range that cannot be searched.
    public func validate(at place: String) throws {
        func require(_ condition: Bool, else problem: String, _ remedy: String) throws {
            if !condition { throw InputError(place, problem, remedy: remedy) }
        }
        if let choices {
            try require(
                from == nil && to == nil, else: "has choices and ends", "keep one of them")
            try require(
                choices.count >= 2, else: "has fewer than two choices", "list at least two choices")
            return
        }
        guard let from, let to else {
            throw InputError(
                place, "has neither both ends nor choices",
                remedy: "state \"from\" and \"to\", or \"choices\"")
        }
        try require(
            from.isFinite && to.isFinite && from < to, else: "\"from\" is not below \"to\"",
            "state the lower end as \"from\" and the upper one as \"to\"")
        try require(
            scale != .log || from > 0, else: "is logarithmic, so \"from\" must be above 0",
            "raise \"from\", or leave \"scale\" out")
        try require(
            whole != true || (from.rounded() == from && to.rounded() == to),
            else: "is of whole numbers, so its ends must be whole",
            "round the ends, or leave \"whole\" out")
    }

    /// Returns the value at a position in the unit interval. Equal lengths are equally probable.
    ///
    /// - Parameter place: The position, 0 to 1.
    /// - Returns: A value of the range. It has no meaning if ``validate(at:)`` throws.
    public func value(at place: Double) -> ParameterValue {
        let place = min(max(place, 0), 1)
        if let choices {
            return choices.isEmpty
                ? false : choices[min(Int(place * Double(choices.count)), choices.count - 1)]
        }
        let (from, to) = (from ?? 0, to ?? 0)
        // Half a step is added at both ends, so that the ends are as probable as the other numbers.
        let margin = whole == true ? 0.5 : 0
        let (low, high) = (from - margin, to + margin)
        let value =
            scale == .log ? low * pow(high / low, place) : low + place * (high - low)
        return .number(min(max(whole == true ? value.rounded() : value, from), to))
    }
}
