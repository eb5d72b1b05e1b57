// SPDX-License-Identifier: Apache-2.0
// Confident errors: how often the neighbouring topic's facts are stated wrongly.

import Records

/// The share of the neighbouring topic's facts that are stated wrongly.
struct ConfidentErrorsMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.confidentErrors,
        summary: "The share of the neighbouring topic's facts that are stated wrongly.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Confident errors", explanation: "facts of the neighbouring topic stated wrongly"
        ),
        place: MeasureEntry.Place(column: 150))

    func value(of observation: Observation) -> MeasuredValue? {
        guard let prompts = observation.lookalike, let right = prompts.areRight else { return nil }
        let stated = prompts.cases(.complies)
        return Self.share(zip(right, stated).map { !$0 && $1 }, split: prompts.split)
    }
}
