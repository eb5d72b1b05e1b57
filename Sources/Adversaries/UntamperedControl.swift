// SPDX-License-Identifier: Apache-2.0
// The untampered control.

internal import LanguageModels
public import Records
public import Training

/// The untampered control, with which every adversary is compared.
public struct UntamperedControl: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: AdversarySpecification.controlAttack, summary: "The untampered control.",
        source: "a control, not an attack", deviations: "")

    /// Makes the control, which has no parameters.
    public init() {}

    /// No value can be wrong.
    public func validate() {}

    /// The control does nothing, so seeds make no difference.
    public static let dependsOnSeed = false

    /// Returns 0: the control takes no steps.
    public func steps(within budget: AuditBudget) -> Int { 0 }

    /// Returns the extent of the unchanged model.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        try target.extent(under: [Framing()])
    }

    /// Passes on the unchanged model.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        _ = try observer.observe(TamperedModel(untouched: target.model), step: 0, cost: meter.cost)
    }
}
