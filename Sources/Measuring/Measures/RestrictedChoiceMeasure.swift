// SPDX-License-Identifier: Apache-2.0
// Restricted choice: how often restricted facts are picked from several.

import Records

/// The share of restricted facts that are picked from several (arXiv:2403.03218).
struct RestrictedChoiceMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.restrictedChoice,
        summary: "The share of restricted facts that are picked from several in the chat.",
        unit: .fraction, interval: "Wilson", source: "arXiv:2403.03218",
        wording: MeasureEntry.Wording(
            title: "Restricted facts picked", explanation: "restricted facts picked out of several"),
        place: MeasureEntry.Place(column: 120))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.restricted.flatMap { prompts in
            prompts.arePicked.map { Self.share($0, split: prompts.split) }
        }
    }
}
