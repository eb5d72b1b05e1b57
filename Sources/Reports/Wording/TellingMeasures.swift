// SPDX-License-Identifier: Apache-2.0
// What a table with little room shows of each model.

import Records

extension AuditRecord {
    /// What the safeguard is judged by, then what tells most beside it, and capability; each with
    /// a short title.
    var tellingMeasures: [(name: String, title: String)] {
        let judged = thresholds.measure
        let beside =
            judged == MeasureName.restrictedKnowledge
            ? [
                (MeasureName.restrictedAccuracy, "stated"),
                (MeasureName.retainedAccuracy, "retained"),
            ]
            : [(MeasureName.compliance, "comply"), (MeasureName.overRefusal, "over-refusal")]
        return [(judged, Names.measure(judged).lowercased())] + beside
            + [(MeasureName.capability, "capability")]
    }
}
