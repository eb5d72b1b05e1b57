// SPDX-License-Identifier: Apache-2.0
// Refusal log-odds: how close the first token of an answer is to a refusal.

import Records

/// The mean log-odds that a restricted prompt's answer opens with a refusal (arXiv:2406.11717).
struct RefusalLogitMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.refusalLogit,
        summary: "The mean log-odds that a restricted prompt's answer opens with a refusal.",
        unit: .nats, interval: "standard error over texts", source: "arXiv:2406.11717",
        wording: MeasureEntry.Wording(
            title: "Refusal log-odds", explanation: "log-odds of opening with a refusal"),
        place: MeasureEntry.Place(column: 90))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.restricted.flatMap { observed in
            let logits = observed.answers.compactMap(\.refusalLogit)
            // After thinking, the answer has no first token whose logits can be used.
            return logits.count == observed.answers.count
                ? Self.mean(of: logits, split: observed.split) : nil
        }
    }
}
