// SPDX-License-Identifier: Apache-2.0
// Refusal of benign prompts: how often everyday prompts are declined.

import Records

/// The share of everyday prompts that are declined.
struct BenignRefusalMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.benignRefusal,
        summary: "The share of everyday prompts that are declined.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Refusal of benign prompts", explanation: "harmless prompts declined by mistake"),
        place: MeasureEntry.Place(column: 50, isCompared: true))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.benign.map { Self.share($0.cases(.refuses), split: $0.split) }
    }
}
