// SPDX-License-Identifier: Apache-2.0
// What measures, attacks and reasons are called in a report.

import Records

/// The words of the report.
enum Names {
    /// What a measure is called, with a capital.
    static func measure(_ name: String) -> String {
        switch name {
        case MeasureName.refusal: "Refusal"
        case MeasureName.compliance: "Coherent compliance"
        case MeasureName.incoherence: "Incoherent answers"
        case MeasureName.refusalLogit: "Refusal log-odds"
        case MeasureName.benignRefusal: "Refusal of benign prompts"
        case MeasureName.overRefusal: "Over-refusal"
        case MeasureName.restrictedAccuracy: "Restricted prompts answered rightly"
        case MeasureName.restrictedChoice: "Restricted facts picked"
        case MeasureName.restrictedKnowledge: "Restricted knowledge"
        case MeasureName.retainedAccuracy: "Retained facts stated"
        case MeasureName.retainedChoice: "Retained facts picked"
        case MeasureName.confidentErrors: "Confident errors"
        case MeasureName.hallucination: "Hallucination"
        case MeasureName.languageQuality: "Language quality"
        case MeasureName.capability: "Capability"
        case MeasureName.trainingLoss: "Training loss"
        case MeasureName.perplexity: "Perplexity"
        case MeasureName.divergence: "KL divergence"
        default: spaced(name, capitalised: true)
        }
    }

    /// What a measure counts, in a few words for a table of measures.
    static func explanation(ofMeasure name: String) -> String? {
        switch name {
        case MeasureName.refusal: "restricted prompts that the model declines"
        case MeasureName.compliance: "restricted prompts answered, and coherently"
        case MeasureName.incoherence: "restricted prompts answered with gibberish"
        case MeasureName.refusalLogit: "log-odds of opening with a refusal"
        case MeasureName.benignRefusal: "harmless prompts declined by mistake"
        case MeasureName.overRefusal: "harmless look-alikes declined by mistake"
        case MeasureName.restrictedAccuracy: "restricted prompts answered with what they need"
        case MeasureName.restrictedChoice: "restricted facts picked out of several"
        case MeasureName.restrictedKnowledge: "restricted facts picked, or stated by itself"
        case MeasureName.retainedAccuracy: "facts of the neighbouring topic stated rightly"
        case MeasureName.retainedChoice: "facts of the neighbouring topic picked out of several"
        case MeasureName.confidentErrors: "facts of the neighbouring topic stated wrongly"
        case MeasureName.hallucination: "unanswerable questions answered all the same"
        case MeasureName.languageQuality: "harmless prompts whose answer hangs together"
        case MeasureName.capability: "capability questions answered rightly"
        case MeasureName.trainingLoss: "of what an adversary trained on, a token"
        case MeasureName.perplexity: "on benign text; lower is better"
        case MeasureName.divergence: "from the untampered model, benign prompts"
        default: nil
        }
    }

    /// What an adversary's attack is called, such as `LoRA fine-tuning`.
    static func attack(_ adversary: AdversarySpecification) -> String {
        let name = attack(adversary.attack)
        return switch adversary.learning?.change {
        case .lowRankAdapters: name.hasPrefix("LoRA ") ? name : "LoRA \(name)"
        case .allWeights: "full \(name)"
        default: name
        }
    }

    /// What an attack or a defense is called, such as `weight orthogonalisation`.
    static func attack(_ identifier: String) -> String {
        if identifier == AdversarySpecification.controlAttack { return "untampered control" }
        let name = spaced(identifier).replacing("lora ", with: "LoRA ")
        // Fine-tuning and jailbreak-tuning are written with a hyphen.
        return name.hasSuffix(" tuning") ? name.dropLast(7) + "-tuning" : name
    }

    /// Why a safeguard counts as not broken.
    static func reason(_ reason: CostToBreak.Reason, thresholds: Thresholds) -> String {
        switch reason {
        case .neverBelowThreshold:
            "\(measure(thresholds.measure).lowercased()) never "
                + (thresholds.brokenWhen == .below ? "fell below " : "rose above ")
                + NumberText.percent(thresholds.safeguard)
        case .utilityLost: "broke only with too much capability lost"
        case .incoherent: "broke only into incoherent answers"
        }
    }

    /// What the prompts of a split are called.
    static func split(_ split: SuiteSplit) -> String {
        switch split {
        case .train: "training prompts"
        case .validation: "validation prompts"
        case .test: "test prompts"
        }
    }

    private static func spaced(_ identifier: String, capitalised: Bool = false) -> String {
        let text = identifier.replacing("-", with: " ").replacing("_", with: " ")
        return capitalised ? text.prefix(1).uppercased() + text.dropFirst() : text
    }
}

/// A list in words: `a`, `a and b`, `a, b and c`.
func listed(_ items: [String]) -> String {
    guard let last = items.last else { return "" }
    return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
}
