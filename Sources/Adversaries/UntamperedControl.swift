// SPDX-License-Identifier: Apache-2.0
// The untampered control.

internal import LanguageModels
public import Records
public import Training

/// The untampered control: what every adversary is compared with.
public struct UntamperedControl: Attack {
    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: AdversarySpecification.controlAttack, summary: "The untampered control.",
        source: "a control, not an attack", deviations: "")

    /// The control has no parameters.
    public init() {}

    /// Nothing can be wrong.
    public func validate() {}

    /// The control does nothing, so that seeds are all the same to it.
    public static let dependsOnSeed = false

    /// No steps.
    public func steps(within budget: AuditBudget) -> Int { 0 }

    /// Returns the model as it is.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        try target.extent(under: [Framing()])
    }

    /// Offers the model as it is.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        _ = try observer.observe(TamperedModel(untouched: target.model), step: 0, cost: meter.cost)
    }
}
