// SPDX-License-Identifier: Apache-2.0
// Retained choice: how often the neighbouring topic's facts are picked from several.

import Records

/// The share of the neighbouring topic's facts that are picked from several.
struct RetainedChoiceMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.retainedChoice,
        summary: "The share of the neighbouring topic's facts that are picked from several.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Retained facts picked",
            explanation: "facts of the neighbouring topic picked out of several"),
        place: MeasureEntry.Place(column: 160))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.lookalike.flatMap { prompts in
            prompts.arePicked.map { Self.share($0, split: prompts.split) }
        }
    }
}
