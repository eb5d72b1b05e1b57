// SPDX-License-Identifier: Apache-2.0
// All attacks by name, and the conversion of an adversary's data to an attack.

internal import Foundation
internal import JSONText
public import Records
internal import Synchronization

/// All attacks that an adversary can name.
public enum AttackCatalogue {
    /// Temper's own attacks, in the order in which `temper attacks` lists them, and the registered
    /// ones.
    public static var attacks: [any Attack.Type] { own + registered.withLock { $0 } }

    /// Attacks of other packages.
    private static let registered = Mutex<[any Attack.Type]>([])

    /// Temper's own attacks.
    static let own: [any Attack.Type] = [
        UntamperedControl.self, SystemPromptOverride.self, Prefill.self, FewShotOverride.self,
        SoftPrompt.self, LatentPerturbation.self, ActivationOffsets.self,
        RepresentationFineTuning.self, WeightOrthogonalisation.self,
        MultiDirectionOrthogonalisation.self, TunedOrthogonalisation.self,
        LeastSquaresRemoval.self, WeightInterpolation.self, TaskVectorSubtraction.self,
        DeltaStripping.self, Canonicalisation.self, QuantisationRoundTrip.self,
        MagnitudePruning.self, WeightNoise.self, FineTuningAttack.self, InsertedLayer.self,
        IdentityShift.self, JailbreakTuning.self, Distillation.self, ComposedAttack.self,
    ]

    /// Makes an attack of another package available by its name, for the rest of the process.
    ///
    /// - Parameter type: The attack.
    /// - Throws: `InputError` if another attack has its name.
    public static func register(_ type: any Attack.Type) throws {
        if let other = attacks.first(where: { $0.entry.name == type.entry.name }) {
            guard other != type else { return }
            throw InputError(
                type.entry.name, "is the name of another attack",
                remedy: "give this one a name of its own")
        }
        registered.withLock { $0.append(type) }
    }

    /// Returns the attack that an adversary describes, with defaults for omitted fields.
    ///
    /// - Throws: `InputError` for an unknown attack, an unknown field or a bad value.
    public static func attack(for adversary: AdversarySpecification) throws -> any Attack {
        for type in attacks where type.entry.name == adversary.attack {
            return try type.configured(
                by: adversary.parameters, place: adversary.name, kind: adversary.attack)
        }
        let names = attacks.map { $0.entry.name }.joined(separator: ", ")
        throw InputError(
            adversary.name, "there is no attack \"\(adversary.attack)\"",
            remedy: "there are: \(names)")
    }

    /// Returns the fields of an attack with their default values.
    public static func defaults(of type: any Attack.Type) throws -> [String: ParameterValue] {
        try parameterValues(of: type.init())
    }
}
