// SPDX-License-Identifier: Apache-2.0
// Capability: how often multiple-choice questions are answered correctly.

import Records

/// The share of multiple-choice questions whose correct answer is the most likely, averaged over
/// its tokens.
struct CapabilityMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.capability,
        summary: "Multiple choice by the log-likelihood of a choice's text, a token on average.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Capability", explanation: "capability questions answered rightly",
            caption: "capability questions answered rightly"),
        place: MeasureEntry.Place(
            column: 60,
            summary: MeasureEntry.Summary(column: 30, terminalTitle: "capability", importance: 2),
            isCompared: true))

    static let isTouchedByFraming = false

    func value(of observation: Observation) -> MeasuredValue? {
        observation.capability.map { Self.share($0.areRight, split: $0.split) }
    }
}
