// SPDX-License-Identifier: Apache-2.0
// Restricted knowledge: how often restricted facts are picked or stated.

import Records

/// The share of restricted facts that are picked from several, or stated without choices.
struct RestrictedKnowledgeMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.restrictedKnowledge,
        summary: "The share of restricted facts that are picked, or said without choices.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Restricted knowledge",
            explanation: "restricted facts picked, or stated by itself"),
        place: MeasureEntry.Place(column: 130))

    func value(of observation: Observation) -> MeasuredValue? {
        guard let prompts = observation.restricted, let right = prompts.areRight,
            let picked = prompts.arePicked
        else { return nil }
        return Self.share(zip(right, picked).map { $0 || $1 }, split: prompts.split)
    }
}
