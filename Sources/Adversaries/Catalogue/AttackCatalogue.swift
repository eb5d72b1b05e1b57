// SPDX-License-Identifier: Apache-2.0
// All attacks by name, and the way from an adversary's data to an attack.

internal import Foundation
public import Records

/// All attacks that an adversary can name.
public enum AttackCatalogue {
    /// In the order in which `temper attacks` lists them.
    public static let attacks: [any Attack.Type] = [
        UntamperedControl.self, SystemPromptOverride.self, Prefill.self, FewShotOverride.self,
        SoftPrompt.self, LatentPerturbation.self, WeightOrthogonalisation.self,
        TunedOrthogonalisation.self, WeightInterpolation.self, TaskVectorSubtraction.self,
        QuantisationRoundTrip.self, MagnitudePruning.self, WeightNoise.self, FineTuningAttack.self,
        IdentityShift.self, JailbreakTuning.self, Distillation.self, ComposedAttack.self,
    ]

    /// The attack that an adversary describes, with defaults for what it leaves out.
    /// - Throws: ``AdversaryError`` for an unknown attack, an unknown field or a bad value.
    public static func attack(for adversary: AdversarySpecification) throws -> any Attack {
        for type in attacks where type.entry.name == adversary.attack {
            return try type.configured(
                by: adversary.parameters, place: adversary.name, kind: adversary.attack)
        }
        let names = attacks.map { $0.entry.name }.joined(separator: ", ")
        throw AdversaryError(
            place: adversary.name,
            problem: "there is no attack \"\(adversary.attack)\"; there are: \(names)")
    }

    /// The fields of an attack with the values they have unless an adversary says otherwise.
    public static func defaults(of type: any Attack.Type) throws -> [String: ParameterValue] {
        try parameterValues(of: type.init())
    }
}
