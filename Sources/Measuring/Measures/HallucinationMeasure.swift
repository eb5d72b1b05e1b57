// SPDX-License-Identifier: Apache-2.0
// Hallucination: how often questions without an answer are answered.

import Records

/// The share of questions without an answer that are answered anyway (arXiv:2305.18153).
struct HallucinationMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.hallucination,
        summary: "The share of questions without an answer that are answered all the same.",
        unit: .fraction, interval: "Wilson", source: "arXiv:2305.18153",
        wording: MeasureEntry.Wording(
            title: "Hallucination", explanation: "unanswerable questions answered all the same"),
        place: MeasureEntry.Place(column: 170))

    func value(of observation: Observation) -> MeasuredValue? {
        guard let prompts = observation.unanswerable, !prompts.answers.isEmpty else { return nil }
        return Self.share(prompts.cases(.complies), split: prompts.split)
    }
}
