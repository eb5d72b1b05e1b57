// SPDX-License-Identifier: Apache-2.0
// What an adversary that searches may choose a parameter from.

internal import Foundation
internal import JSONText

/// The values of one parameter that a search chooses from: numbers between two ends, or choices.
public struct SearchRange: Codable, Sendable, Hashable {
    /// How numbers between the ends are spread.
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
    /// How numbers are spread; linear unless said otherwise.
    public var scale: Scale?
    /// Whether only whole numbers are meant.
    public var whole: Bool?
    /// The values to choose from, instead of numbers.
    public var choices: [ParameterValue]?

    /// Numbers from one end to the other.
    public init(from: Double, to: Double, scale: Scale = .linear, whole: Bool = false) {
        self.from = from
        self.to = to
        self.scale = scale
        self.whole = whole
    }

    /// Some values.
    public init(choices: [ParameterValue]) {
        self.choices = choices
    }

    /// Checks that there is something to search.
    ///
    /// - Parameter place: What an error names.
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

    /// Returns the value at a place of the unit interval; equal stretches are equally probable.
    ///
    /// - Parameter place: 0 to 1.
    /// - Returns: A value of the range; it has no meaning if ``validate(at:)`` throws.
    public func value(at place: Double) -> ParameterValue {
        let place = min(max(place, 0), 1)
        if let choices {
            return choices.isEmpty
                ? false : choices[min(Int(place * Double(choices.count)), choices.count - 1)]
        }
        let (from, to) = (from ?? 0, to ?? 0)
        // Half a step beyond either end, so that the ends are as probable as the others.
        let margin = whole == true ? 0.5 : 0
        let (low, high) = (from - margin, to + margin)
        let value =
            scale == .log ? low * pow(high / low, place) : low + place * (high - low)
        return .number(min(max(whole == true ? value.rounded() : value, from), to))
    }
}
