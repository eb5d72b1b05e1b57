// SPDX-License-Identifier: Apache-2.0
// All attacks by name, and the way from an adversary's data to an attack.

internal import Foundation
public import Records

/// All attacks that an adversary can name.
public enum AttackCatalogue {
    /// In the order in which `temper attacks` lists them.
    public static let attacks: [any Attack.Type] = [
        UntamperedControl.self, SystemPromptOverride.self, WeightOrthogonalisation.self,
        LowRankFineTuning.self,
    ]

    /// The attack that an adversary describes, with defaults for what it leaves out.
    /// - Throws: ``AdversaryError`` for an unknown attack, an unknown field or a bad value.
    public static func attack(for adversary: AdversarySpecification) throws -> any Attack {
        for type in attacks where type.entry.name == adversary.attack {
            return try type.configured(by: adversary)
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

extension Attack {
    fileprivate static func configured(by adversary: AdversarySpecification) throws -> Self {
        var fields = try parameterValues(of: Self())
        for (name, value) in adversary.parameters {
            guard fields.updateValue(value, forKey: name) != nil else {
                let known = fields.keys.sorted().joined(separator: ", ")
                throw AdversaryError(
                    place: "\(adversary.name).\(name)",
                    problem: "\(adversary.attack) has no such parameter; it has: \(known)")
            }
        }
        let attack: Self
        do {
            attack = try JSONDecoder().decode(Self.self, from: try JSONEncoder().encode(fields))
        } catch let error as DecodingError {
            throw AdversaryError(place: adversary.name, problem: describe(error))
        }
        try attack.validate()
        return attack
    }
}
