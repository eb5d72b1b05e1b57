// SPDX-License-Identifier: Apache-2.0
// All defenses by name.

internal import JSONText
public import Records
public import Suites

/// All defenses that can be named.
public enum DefenseCatalogue {
    /// In the order in which they are listed.
    public static let defenses: [any Defense.Type] =
        refusal + unlearning + representations + metaLearned + weightSpace

    /// Shapes of refusal.
    private static let refusal: [any Defense.Type] = [
        RefusalTraining.self, DeepRefusal.self, ExtendedRefusal.self, DiverseRefusal.self,
        CombinedRefusal.self, RefusalFeatureAdversarialTraining.self, Redistribution.self,
        SelfDegradation.self,
    ]
    /// Unlearning.
    private static let unlearning: [any Defense.Type] = [
        AnswerReplacement.self, GradientAscent.self, GradientDifference.self,
        NegativePreferenceUnlearning.self, SimpleNegativePreferenceUnlearning.self,
        RepresentationMisdirection.self, LayeredUnlearning.self, UnlearnDistill.self,
    ]
    /// Hidden states that are scrambled, rerouted or perturbed.
    private static let representations: [any Defense.Type] = [
        CircuitBreakers.self, RepNoise.self, RandomMapping.self, LatentAdversarialTraining.self,
        Triplet.self, Scrambling.self,
    ]
    /// Meta-learned: trained against attacks, or steps of them, that are simulated.
    private static let metaLearned: [any Defense.Type] = [
        TAR.self, MLAC.self, Booster.self, Vaccine.self, TargetedVaccine.self, SEAM.self,
        CTRAP.self, AntiGeneralisation.self,
    ]
    /// Edits and distillation that act on the difference from the original.
    private static let weightSpace: [any Defense.Type] = [
        LowRankExtrapolation.self, FullRankDistillation.self,
    ]

    /// Published defenses that do not apply to released weights, and why.
    public static let notApplicable: [(name: String, source: String, reason: String)] = [
        (
            "lisa", "arXiv:2405.18641",
            "changes the fine-tuning that a provider runs; attackers run their own"
        ),
        (
            "antidote", "arXiv:2408.09600",
            "prunes the model after a provider's fine-tuning; attackers do not prune theirs"
        ),
        (
            "panacea", "arXiv:2501.18100",
            "adds a perturbation after a provider's fine-tuning; attackers leave it out"
        ),
        (
            "antibody", "arXiv:2603.00498",
            "weighs the rows of a provider's fine-tuning data; attackers weigh their own"
        ),
        (
            "security-vectors", "arXiv:2311.02105",
            "are switched on while a provider fine-tunes; attackers fine-tune without them"
        ),
        (
            "sbr", "arXiv:2605.05995",
            "rebalances a provider's fine-tuning; attackers run their own"
        ),
        (
            "tokenbuncher", "arXiv:2508.20697",
            "acts against reinforcement learning alone, and needs it to train; no such attack is "
                + "in Temper's batteries"
        ),
    ]

    /// The name of the conventional defense for a safeguard.
    public static func conventional(for safeguard: Safeguard) -> String {
        let own = defenses.first { $0.entry.conventionalFor == safeguard }
        return own?.name ?? RefusalTraining.name
    }

    /// The defense of a name.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - parameters: What is to differ from its defaults.
    /// - Returns: The defense.
    /// - Throws: `InputError` for an unknown name, an unknown parameter or a bad value.
    public static func defense(
        named name: String, parameters: [String: ParameterValue] = [:]
    ) throws -> any Defense {
        for type in defenses where type.name == name {
            return try type.configured(by: parameters, place: name, kind: name)
        }
        if let other = notApplicable.first(where: { $0.name == name }) {
            throw InputError(
                name, "does not apply to released weights: it \(other.reason)",
                remedy: "choose one that 'temper defenses' lists")
        }
        let names = defenses.map { $0.name }.joined(separator: ", ")
        throw InputError(name, "there is no such defense", remedy: "there are: \(names)")
    }
}
