// SPDX-License-Identifier: Apache-2.0
// The result and the cost of one evaluation of a model.

internal import JSONText
internal import LanguageModels
package import Records
internal import Tensors

/// The result and the cost of one evaluation of a model.
package struct Evaluation {
    package private(set) var measurements: [MeasuredValue] = []
    /// The verdicts of several judges on the answers to restricted prompts.
    package var judging: Judging?
    package private(set) var cost = EvaluationCost.zero
    private let operationsPerToken: Double
    private let prices: Prices

    init(subject: Subject, prices: Prices) {
        operationsPerToken = 2 * Double(subject.model.matrixParameterCount)
        self.prices = prices
    }

    mutating func count(prompts: Int, tokens: Int, thinkingTokens: Int = 0) {
        cost.prompts += prompts
        cost.tokens += tokens
        if thinkingTokens > 0 {
            cost.thinkingTokens = (cost.thinkingTokens ?? 0) + thinkingTokens
        }
        cost.floatingPointOperations += operationsPerToken * Double(tokens)
        cost.dollars = prices.dollars(forFloatingPointOperations: cost.floatingPointOperations)
    }

    /// Adds the usage of the deciding judge.
    mutating func count(_ usage: Judging.Usage) {
        cost.judgeCalls = (cost.judgeCalls ?? 0) + usage.calls
        if let dollars = usage.dollars { cost.judgeDollars = (cost.judgeDollars ?? 0) + dollars }
    }

    mutating func timing(
        _ activity: String, _ work: (inout Evaluation) throws -> Void
    ) rethrows {
        let clock = ContinuousClock()
        let start = clock.now
        try Profile.time(activity) { try work(&self) }
        cost.deviceSeconds += (clock.now - start).seconds
    }

    /// Takes measures from an observation.
    ///
    /// - Parameters:
    ///   - measures: The measures, in the order in which their numbers are stated.
    ///   - observation: The observation. A measure that needs more is not taken.
    ///   - baseline: The measurements of a model that computes the same, if there is one. Values
    ///     that no framing affects and that were not observed are taken from them.
    /// - Throws: Errors of a measure; `InputError` for a value whose name or unit is not the
    ///   measure's.
    mutating func add(
        _ measures: [any Measure], of observation: Observation, baseline: [MeasuredValue]? = nil
    ) throws {
        for measure in measures {
            let kind = type(of: measure)
            let entry = kind.entry
            if let value = try measure.value(of: observation) {
                guard value.measure == entry.name, value.unit == entry.unit else {
                    throw InputError(
                        "measure \(entry.name)",
                        "gave a number of \(value.measure) in \(value.unit.rawValue)",
                        remedy: "give the entry's name, and \(entry.unit.rawValue)")
                }
                measurements.append(value)
            } else if !kind.isTouchedByFraming, let value = baseline?.first(entry.name) {
                measurements.append(value)
            }
        }
    }
}
