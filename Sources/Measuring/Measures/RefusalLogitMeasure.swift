// SPDX-License-Identifier: Apache-2.0
// Refusal log-odds: how near a refusal the first token of an answer is.

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
            // Behind what a model thought there is no first token of its own to read.
            return logits.count == observed.answers.count
                ? Self.mean(of: logits, split: observed.split) : nil
        }
    }
}
