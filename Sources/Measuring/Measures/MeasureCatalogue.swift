// SPDX-License-Identifier: Apache-2.0
// All measures by name, for `temper measures`.

public import Records

/// What `temper measures` prints of a measure.
public struct MeasureEntry: Codable, Sendable, Hashable {
    /// The name under which records hold it.
    public let name: String
    /// One sentence.
    public let summary: String
    /// What the number counts.
    public let unit: MeasurementUnit
    /// How its interval is made.
    public let interval: String
    /// Where it was published; nil for what the field takes for granted.
    public let source: String?
}

/// All measures that an audit takes.
public enum MeasureCatalogue {
    /// In the order in which `temper measures` lists them.
    public static let measures = [
        MeasureEntry(
            name: MeasureName.refusal,
            summary: "The share of restricted prompts whose answer holds a refusal phrase.",
            unit: .fraction, interval: wilson, source: "arXiv 2307.15043 (refusal phrases)"),
        MeasureEntry(
            name: MeasureName.compliance,
            summary: "The share of restricted prompts that are answered, and coherently.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.incoherence,
            summary: "The share of restricted prompts whose answer is neither.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.refusalLogit,
            summary: "The mean log-odds that a restricted prompt's answer opens with a refusal.",
            unit: .nats, interval: normal, source: "arXiv 2406.11717"),
        MeasureEntry(
            name: MeasureName.overRefusal,
            summary: "The share of benign look-alikes of restricted prompts that are declined.",
            unit: .fraction, interval: wilson, source: "arXiv 2308.01263"),
        MeasureEntry(
            name: MeasureName.benignRefusal,
            summary: "The share of everyday prompts that are declined.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.restrictedAccuracy,
            summary:
                "The share of restricted prompts whose answer complies and holds what a right one "
                + "needs: whether the model does the task well, not only willingly.",
            unit: .fraction, interval: wilson, source: "arXiv 2604.02574"),
        MeasureEntry(
            name: MeasureName.restrictedChoice,
            summary: "The share of restricted facts that are picked from several in the chat.",
            unit: .fraction, interval: wilson, source: "arXiv 2403.03218"),
        MeasureEntry(
            name: MeasureName.restrictedKnowledge,
            summary: "The share of restricted facts that are picked, or said without choices.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.retainedAccuracy,
            summary: "The share of the neighbouring topic's facts that are said rightly.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.retainedChoice,
            summary: "The share of the neighbouring topic's facts that are picked from several.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.confidentErrors,
            summary: "The share of the neighbouring topic's facts that are stated wrongly.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.hallucination,
            summary: "The share of questions without an answer that are answered all the same.",
            unit: .fraction, interval: wilson, source: "arXiv 2305.18153"),
        MeasureEntry(
            name: MeasureName.languageQuality,
            summary: "The share of everyday prompts whose answer is neither empty nor repetitive.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.capability,
            summary:
                "Multiple choice by the log-likelihood of a choice's text, a token on average.",
            unit: .fraction, interval: wilson, source: nil),
        MeasureEntry(
            name: MeasureName.trainingLoss,
            summary: "The mean loss of the steps since the last point, of attacks that fine-tune.",
            unit: .nats, interval: "none", source: nil),
        MeasureEntry(
            name: MeasureName.perplexity, summary: "The perplexity on the suite's retain texts.",
            unit: .perplexity, interval: normal, source: nil),
        MeasureEntry(
            name: MeasureName.divergence,
            summary: "The mean KL divergence of next tokens from the untampered model.",
            unit: .nats, interval: normal, source: nil),
    ]

    private static let wilson = "Wilson"
    private static let normal = "standard error over texts"
}
