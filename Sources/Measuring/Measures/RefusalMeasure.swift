// SPDX-License-Identifier: Apache-2.0
// Refusal: how often restricted prompts are declined.

import Records

/// The share of restricted prompts whose answer holds a refusal phrase (arXiv:2307.15043).
struct RefusalMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.refusal,
        summary: "The share of restricted prompts whose answer holds a refusal phrase.",
        unit: .fraction, interval: "Wilson", source: "arXiv:2307.15043 (refusal phrases)",
        wording: MeasureEntry.Wording(
            title: "Refusal", explanation: "restricted prompts that the model declines",
            caption: "restricted prompts refused",
            sentence: MeasureEntry.Wording.Sentence(verb: "refuses", object: "restricted prompts")),
        place: MeasureEntry.Place(column: 10))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.restricted.map { Self.share($0.cases(.refuses), split: $0.split) }
    }
}
