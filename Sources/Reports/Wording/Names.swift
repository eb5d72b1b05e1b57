// SPDX-License-Identifier: Apache-2.0
// The names of attacks and splits in a report.

import Records

/// The words of the report.
enum Names {
    /// Returns the name of an adversary's attack, such as `LoRA fine-tuning`.
    static func attack(_ adversary: AdversarySpecification) -> String {
        let name = attack(adversary.attack)
        return switch adversary.learning?.change {
        case .lowRankAdapters: name.hasPrefix("LoRA ") ? name : "LoRA \(name)"
        case .allWeights: "full \(name)"
        default: name
        }
    }

    /// Returns the name of an attack or a defense, such as `weight orthogonalisation`.
    static func attack(_ identifier: String) -> String {
        if identifier == AdversarySpecification.controlAttack { return "untampered control" }
        let name = spaced(identifier).replacing("lora ", with: "LoRA ")
        // Fine-tuning and jailbreak-tuning are written with a hyphen.
        return name.hasSuffix(" tuning") ? name.dropLast(7) + "-tuning" : name
    }

    /// Returns the name of the prompts of a split.
    static func split(_ split: SuiteSplit) -> String {
        switch split {
        case .train: "training prompts"
        case .validation: "validation prompts"
        case .test: "test prompts"
        }
    }

    /// Returns an identifier as words.
    static func spaced(_ identifier: String, capitalised: Bool = false) -> String {
        let text = identifier.replacing("-", with: " ").replacing("_", with: " ")
        return capitalised ? text.prefix(1).uppercased() + text.dropFirst() : text
    }
}

/// Returns a list in words: `a`, `a and b`, `a, b and c`.
func listed(_ items: [String]) -> String {
    guard let last = items.last else { return "" }
    return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
}
