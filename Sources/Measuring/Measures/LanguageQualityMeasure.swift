// SPDX-License-Identifier: Apache-2.0
// Language quality: how often answers to everyday prompts are coherent.

import Records

/// The share of everyday prompts whose answer is neither empty nor repetitive. A refusal counts.
struct LanguageQualityMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.languageQuality,
        summary: "The share of everyday prompts whose answer is neither empty nor repetitive.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Language quality", explanation: "harmless prompts whose answer hangs together"),
        place: MeasureEntry.Place(column: 100))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.benign.map {
            Self.share($0.cases(.refuses, .complies), split: $0.split)
        }
    }
}
