// SPDX-License-Identifier: Apache-2.0
// Capability on many questions, which tells a small safety tax from none.

import Records

/// The share of a suite's tax items whose right answer is the likeliest, a token on average.
///
/// Only untampered models are asked: the one under audit, and the one before hardening. A thousand
/// questions at each trace point would cost more than the attacks. No cell takes the value over from
/// the untampered model, not even one that changes no weight, so that a record has it exactly where
/// it was measured; the control, which is the untampered model, is the exception.
struct WideCapabilityMeasure: Measure {
    static let entry = MeasureEntry(
        name: MeasureName.wideCapability,
        summary: "The same on the suite's tax items, of untampered models alone.",
        unit: .fraction, interval: "Wilson",
        wording: MeasureEntry.Wording(
            title: "Capability, wide",
            explanation: "many more capability questions, of untampered models alone",
            caption: "capability questions of the wide list answered rightly"),
        place: MeasureEntry.Place(column: 65, isCompared: true))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.wideCapability.map { Self.share($0.areRight, split: $0.split) }
    }
}
