// SPDX-License-Identifier: Apache-2.0
// Retained accuracy: how often the neighbouring topic's facts are stated correctly.

import Records

/// The share of the neighbouring topic's facts that are stated correctly.
struct RetainedAccuracyMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.retainedAccuracy,
        summary: "The share of the neighbouring topic's facts that are said rightly.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Retained facts stated",
            explanation: "facts of the neighbouring topic stated rightly"),
        place: MeasureEntry.Place(
            column: 140,
            summary: MeasureEntry.Summary(
                column: 20, terminalTitle: "retained", importance: 1,
                beside: [MeasureName.restrictedKnowledge])))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.lookalike.flatMap { prompts in
            prompts.areRight.map { Self.share($0, split: prompts.split) }
        }
    }
}
