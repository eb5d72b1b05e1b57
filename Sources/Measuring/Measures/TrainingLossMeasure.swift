// SPDX-License-Identifier: Apache-2.0
// Training loss: the loss that attacks that fine-tune report.

package import Records

/// The mean loss of an attack's steps since the last point. Its count is the number of steps.
package struct TrainingLossMeasure: Measure {
    package static let entry = MeasureEntry(
        name: MeasureName.trainingLoss,
        summary: "The mean loss of the steps since the last point, of attacks that fine-tune.",
        unit: .nats, interval: "none",
        wording: MeasureEntry.Wording(
            title: "Training loss", explanation: "of what an adversary trained on, a token"),
        place: MeasureEntry.Place(column: 180))

    package init() {}

    package func value(of observation: Observation) -> MeasuredValue? {
        observation.training.map {
            MeasuredValue(
                measure: Self.entry.name, value: $0.loss, count: $0.steps, unit: Self.entry.unit,
                split: .train)
        }
    }
}
