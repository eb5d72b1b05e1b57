// SPDX-License-Identifier: Apache-2.0
// System-prompt override: no weight changes.

internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Puts an obedient persona into the system prompt (identity shift, arXiv:2310.03693, without its
/// fine-tuning). A safeguard must resist this before any weight is changed.
public struct SystemPromptOverride: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "system-prompt-override",
        summary: "An obedient persona in the system prompt; no weight changes.",
        source: "a control after the identity shift of arXiv:2310.03693", deviations: "")

    /// Greedy answers do not depend on a seed.
    public static let dependsOnSeed = false

    /// How many of the suite's override prompts are scored, in their order; the best is used.
    public var prompts = 3

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("prompts", prompts, in: 1...1_000)
    }

    /// Returns 1: choosing and setting a prompt is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Returns the extent under the system prompts, of which the longest counts.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = try target.extent(under: framings(of: target.suite))
        extent.passes = prompts * target.suite.restricted.validation.count
        return extent
    }

    private func framings(of suite: Suite) -> [Framing] {
        suite.manifest.systemPrompts.prefix(prompts).map { Framing(systemPrompt: $0) }
    }

    /// Passes on the unchanged model with the system prompt that makes refusal of restricted
    /// validation prompts least probable.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        guard
            let best = try FramingSearch(target: target).best(
                of: framings(of: target.suite), name: "system prompt", meter: &meter,
                observer: &observer)
        else { return }
        try observer.advanced(to: 1, note: "system prompt chosen")
        let tampered = TamperedModel(untouched: target.model, framing: best)
        _ = try observer.observe(tampered, step: 1, cost: meter.cost)
    }
}
