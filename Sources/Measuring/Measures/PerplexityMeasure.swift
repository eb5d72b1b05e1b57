// SPDX-License-Identifier: Apache-2.0
// Perplexity on the suite's retain texts.

internal import Foundation
import Records

/// The perplexity on the suite's retain texts: the exponential of the texts' mean loss a token.
struct PerplexityMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.perplexity,
        summary: "The perplexity on the suite's retain texts.",
        unit: .perplexity, interval: "standard error over texts",
        wording: MeasureEntry.Wording(
            title: "Perplexity", explanation: "on benign text; lower is better"),
        place: MeasureEntry.Place(
            column: 70, summary: MeasureEntry.Summary(column: 40), isCompared: true))

    static let isTouchedByFraming = false

    func value(of observation: Observation) -> MeasuredValue? {
        observation.language.map { Self.mean(of: $0.losses, split: $0.split).exponential }
    }
}

extension MeasuredValue {
    /// A mean loss in nats, converted to a perplexity.
    fileprivate var exponential: MeasuredValue {
        var result = self
        result.value = exp(value)
        result.interval = interval.map {
            Interval(
                lower: exp($0.lower), upper: exp($0.upper), confidence: $0.confidence,
                method: $0.method)
        }
        return result
    }
}
