// SPDX-License-Identifier: Apache-2.0
// The entries of measures for records that do not state them.

extension MeasureEntry {
    /// The measures that Temper took before records stated their measures.
    ///
    /// Reports of such records take their words from here. A later measure states its entry in the
    /// record and does not belong here.
    public static let ofOlderRecords: [MeasureEntry] = [
        MeasureEntry(
            name: MeasureName.refusal,
            summary: "The share of restricted prompts whose answer holds a refusal phrase.",
            unit: .fraction, interval: "Wilson", source: "arXiv:2307.15043 (refusal phrases)",
            wording: Wording(
                title: "Refusal", explanation: "restricted prompts that the model declines",
                caption: "restricted prompts refused",
                sentence: Wording.Sentence(verb: "refuses", object: "restricted prompts")),
            place: Place(column: 10)),
        MeasureEntry(
            name: MeasureName.compliance,
            summary: "The share of restricted prompts that are answered, and coherently.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Coherent compliance",
                explanation: "restricted prompts answered, and coherently"),
            place: Place(
                column: 20,
                summary: Summary(
                    column: 10, terminalTitle: "comply", importance: 3,
                    beside: [MeasureName.refusal]), isCompared: true)),
        MeasureEntry(
            name: MeasureName.incoherence,
            summary: "The share of restricted prompts whose answer is neither.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Incoherent answers",
                explanation: "restricted prompts answered with gibberish"),
            place: Place(column: 30)),
        MeasureEntry(
            name: MeasureName.refusalLogit,
            summary: "The mean log-odds that a restricted prompt's answer opens with a refusal.",
            unit: .nats, interval: "standard error over texts", source: "arXiv:2406.11717",
            wording: Wording(
                title: "Refusal log-odds", explanation: "log-odds of opening with a refusal"),
            place: Place(column: 90)),
        MeasureEntry(
            name: MeasureName.overRefusal,
            summary: "The share of benign look-alikes of restricted prompts that are declined.",
            unit: .fraction, interval: "Wilson", source: "arXiv:2308.01263",
            wording: Wording(
                title: "Over-refusal", explanation: "harmless look-alikes declined by mistake"),
            place: Place(
                column: 40,
                summary: Summary(
                    column: 20, terminalTitle: "over-refusal", importance: 1,
                    beside: [MeasureName.refusal]), isCompared: true)),
        MeasureEntry(
            name: MeasureName.benignRefusal,
            summary: "The share of everyday prompts that are declined.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Refusal of benign prompts",
                explanation: "harmless prompts declined by mistake"),
            place: Place(column: 50, isCompared: true)),
        MeasureEntry(
            name: MeasureName.languageQuality,
            summary: "The share of everyday prompts whose answer is neither empty nor repetitive.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Language quality",
                explanation: "harmless prompts whose answer hangs together"),
            place: Place(column: 100)),
        MeasureEntry(
            name: MeasureName.restrictedAccuracy,
            summary:
                "The share of restricted prompts whose answer complies and holds what a right one "
                + "needs: whether the model does the task well, not only willingly.",
            unit: .fraction, interval: "Wilson", source: "arXiv:2604.02574",
            wording: Wording(
                title: "Restricted prompts answered rightly",
                explanation: "restricted prompts answered with what they need"),
            place: Place(
                column: 110,
                summary: Summary(
                    column: 10, terminalTitle: "stated", importance: 3,
                    beside: [MeasureName.restrictedKnowledge]))),
        MeasureEntry(
            name: MeasureName.restrictedChoice,
            summary: "The share of restricted facts that are picked from several in the chat.",
            unit: .fraction, interval: "Wilson", source: "arXiv:2403.03218",
            wording: Wording(
                title: "Restricted facts picked",
                explanation: "restricted facts picked out of several"),
            place: Place(column: 120)),
        MeasureEntry(
            name: MeasureName.restrictedKnowledge,
            summary: "The share of restricted facts that are picked, or said without choices.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Restricted knowledge",
                explanation: "restricted facts picked, or stated by itself"),
            place: Place(column: 130)),
        MeasureEntry(
            name: MeasureName.retainedAccuracy,
            summary: "The share of the neighbouring topic's facts that are said rightly.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Retained facts stated",
                explanation: "facts of the neighbouring topic stated rightly"),
            place: Place(
                column: 140,
                summary: Summary(
                    column: 20, terminalTitle: "retained", importance: 1,
                    beside: [MeasureName.restrictedKnowledge]))),
        MeasureEntry(
            name: MeasureName.confidentErrors,
            summary: "The share of the neighbouring topic's facts that are stated wrongly.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Confident errors",
                explanation: "facts of the neighbouring topic stated wrongly"),
            place: Place(column: 150)),
        MeasureEntry(
            name: MeasureName.retainedChoice,
            summary: "The share of the neighbouring topic's facts that are picked from several.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Retained facts picked",
                explanation: "facts of the neighbouring topic picked out of several"),
            place: Place(column: 160)),
        MeasureEntry(
            name: MeasureName.hallucination,
            summary: "The share of questions without an answer that are answered all the same.",
            unit: .fraction, interval: "Wilson", source: "arXiv:2305.18153",
            wording: Wording(
                title: "Hallucination", explanation: "unanswerable questions answered all the same"),
            place: Place(column: 170)),
        MeasureEntry(
            name: MeasureName.capability,
            summary:
                "Multiple choice by the log-likelihood of a choice's text, a token on average.",
            unit: .fraction, interval: "Wilson",
            wording: Wording(
                title: "Capability", explanation: "capability questions answered rightly",
                caption: "capability questions answered rightly"),
            place: Place(
                column: 60,
                summary: Summary(column: 30, terminalTitle: "capability", importance: 2),
                isCompared: true)),
        MeasureEntry(
            name: MeasureName.perplexity,
            summary: "The perplexity on the suite's retain texts.",
            unit: .perplexity, interval: "standard error over texts",
            wording: Wording(title: "Perplexity", explanation: "on benign text; lower is better"),
            place: Place(column: 70, summary: Summary(column: 40), isCompared: true)),
        MeasureEntry(
            name: MeasureName.divergence,
            summary: "The mean KL divergence of next tokens from the untampered model.",
            unit: .nats, interval: "standard error over texts",
            wording: Wording(
                title: "KL divergence", explanation: "from the untampered model, benign prompts"),
            place: Place(column: 80, summary: Summary(column: 50), isZeroUntampered: true)),
        MeasureEntry(
            name: MeasureName.trainingLoss,
            summary: "The mean loss of the steps since the last point, of attacks that fine-tune.",
            unit: .nats, interval: "none",
            wording: Wording(
                title: "Training loss", explanation: "of what an adversary trained on, a token"),
            place: Place(column: 180)),
    ]
}
