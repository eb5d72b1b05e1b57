// SPDX-License-Identifier: Apache-2.0
// KL divergence from the untampered model on the suite's retain texts.

import Records

/// The mean KL divergence of next tokens from the untampered model, in nats.
struct DivergenceMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.divergence,
        summary: "The mean KL divergence of next tokens from the untampered model.",
        unit: .nats, interval: "standard error over texts",
        wording: MeasureEntry.Wording(
            title: "KL divergence", explanation: "from the untampered model, benign prompts"),
        place: MeasureEntry.Place(
            column: 80, summary: MeasureEntry.Summary(column: 50), isZeroUntampered: true))

    static let isTouchedByFraming = false

    func value(of observation: Observation) -> MeasuredValue? {
        observation.language.map { Self.mean(of: $0.divergences, split: $0.split) }
    }
}
