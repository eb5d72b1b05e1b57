// SPDX-License-Identifier: Apache-2.0
// System-prompt override: no weight changes.

public import LanguageModels
internal import Records

/// Puts an obedient persona into the system prompt (identity shift, arXiv 2310.03693, without its
/// fine-tuning): what a safeguard must survive before any weight is touched.
public struct SystemPromptOverride: Attack {
    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "system-prompt-override",
        summary: "An obedient persona in the system prompt; no weight changes.",
        source: "a control after the identity shift of arXiv 2310.03693", deviations: "")

    /// Greedy answers do not depend on a seed.
    public static let dependsOnSeed = false

    /// How many of the suite's override prompts are tried, in their order.
    public var prompts = 3

    /// The defaults.
    public init() {}

    /// Throws an ``AdversaryError`` for a value out of range.
    public func validate() throws {
        try require("prompts", prompts, in: 1...1_000)
    }

    /// One step for each system prompt.
    public func steps(within budget: AttackBudget) -> Int {
        min(prompts, budget.steps ?? prompts)
    }

    /// Offers the unchanged model under one system prompt after the other.
    public func tamper(
        with model: LanguageModel, suite: Suite, seed: UInt64, budget: AttackBudget,
        meter: inout CostMeter, observer: inout some AttackObserver
    ) throws {
        let texts = suite.manifest.systemPrompts.prefix(steps(within: budget))
        for (index, text) in texts.enumerated() {
            let step = index + 1
            try observer.advanced(to: step, note: "prompt \(step)")
            let goesOn =
                try observer.decision(at: step)
                ?? observer.observe(
                    TamperedModel(model, systemPrompt: text), step: step, cost: meter.cost)
            if !goesOn { return }
        }
    }
}
