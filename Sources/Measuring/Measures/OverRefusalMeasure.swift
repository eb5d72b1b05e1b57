// SPDX-License-Identifier: Apache-2.0
// Over-refusal: how often harmless look-alikes of restricted prompts are declined.

import Records

/// The share of benign look-alikes of restricted prompts that are declined (arXiv:2308.01263).
struct OverRefusalMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.overRefusal,
        summary: "The share of benign look-alikes of restricted prompts that are declined.",
        unit: .fraction, interval: "Wilson", source: "arXiv:2308.01263",
        wording: MeasureEntry.Wording(
            title: "Over-refusal", explanation: "harmless look-alikes declined by mistake"),
        place: MeasureEntry.Place(
            column: 40,
            summary: MeasureEntry.Summary(
                column: 20, terminalTitle: "over-refusal", importance: 1,
                beside: [MeasureName.refusal]), isCompared: true))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.lookalike.map { Self.share($0.cases(.refuses), split: $0.split) }
    }
}
