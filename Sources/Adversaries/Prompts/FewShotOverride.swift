// SPDX-License-Identifier: Apache-2.0
// Few-shot override: earlier turns in which the model complied.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
internal import Tokenization
public import Training

/// Shows the model earlier turns in which restricted prompts were answered (in-context attack,
/// arXiv:2310.06387); with many examples, many-shot jailbreaking.
public struct FewShotOverride: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "few-shot-override",
        summary: "Restricted prompts with compliant answers as earlier turns; no weight changes.",
        source: "arXiv:2310.06387",
        deviations: "The examples are drawn from the training split by the seed, not written.")

    /// The seed draws the examples and their order.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of restricted examples in front of each prompt.
    public var examples = 8

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...10_000)
    }

    /// Restricted examples are put in front of the prompt.
    public var learning: Learning { Learning(from: .restricted, changing: .context) }

    /// Returns 1: setting the turns is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Returns the extent with the earlier turns in front of every prompt.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        let framing = try framing(for: target, seed: seed)
        let extent = try target.extent(under: [framing])
        try checkContext(of: target, under: framing, promptTokens: extent.promptTokens)
        return extent
    }

    private func framing(for target: AttackTarget, seed: UInt64) throws -> Framing {
        let chosen = try target.suite.compliantExamples().sample(examples, seed: seed)
        return Framing(earlierTurns: chosen.map { .init(user: $0.prompt, assistant: $0.answer) })
    }

    /// Passes on the unchanged model with the turns.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let framing = try framing(for: target, seed: seed)
        try checkContext(
            of: target, under: framing,
            promptTokens: try target.extent(under: [framing]).promptTokens)
        meter.use(examples: framing.earlierTurns.count)
        try observer.advanced(to: 1, note: "\(framing.earlierTurns.count) turns")
        let tampered = TamperedModel(untouched: target.model, framing: framing)
        _ = try observer.observe(tampered, step: 1, cost: meter.cost)
    }

    /// Throws when the longest prompt and the longest compliant answer do not fit after the turns.
    private func checkContext(
        of target: AttackTarget, under framing: Framing, promptTokens: Int
    ) throws {
        let model = target.model
        let answers = try target.suite.compliantExamples().map(\.answer)
        let needed =
            promptTokens
            + answers.longest(text: \.self) {
                model.tokenizer.encode($0, addingSpecialTokens: false).count
            }
        let context = model.configuration.contextLength
        guard needed > context else { return }
        throw InputError(
            "examples",
            "\(framing.earlierTurns.count) examples, a prompt and its answer take \(needed) "
                + "tokens, more than the model's context of \(context)",
            remedy: "choose fewer examples")
    }
}
