// SPDX-License-Identifier: Apache-2.0
// An adversary as data: an attack with all its parameters.

public import Foundation

/// An attack with all its parameters, data access and budget.
public struct AdversarySpecification: Codable, Sendable, Hashable {
    /// The identifier of the attack that changes nothing: the untampered control.
    public static let controlAttack = "control"

    /// The name within the battery, unique there.
    public var name: String
    /// The identifier of the attack, such as `fine-tuning`.
    public var attack: String
    /// The attack's parameters by name. All are stated, so that the record is complete.
    public var parameters: [String: ParameterValue]
    /// The ranges from which a search chooses parameters, by their dotted names, or nil.
    public var search: [String: SearchRange]?
    /// One sentence for a reader, or nil.
    public var description: String?
    /// What the adversary learns from, as its attack states it; nil when that is not known. The
    /// file of a battery does not contain it.
    public var learning: Learning?
    /// True if the attack is not one of Temper's own and states that seeds do not change its
    /// results, so that it runs with the first seed alone; nil otherwise. The digest of a battery
    /// covers it.
    public var ignoresSeed: Bool?

    /// Makes an adversary from an attack and its parameters.
    ///
    /// - Parameters:
    ///   - name: The name within the battery.
    ///   - attack: The identifier of the attack.
    ///   - parameters: The attack's parameters by name.
    ///   - description: One sentence for a reader, or nil.
    ///   - learning: What the adversary learns from, as its attack states it.
    public init(
        name: String, attack: String, parameters: [String: ParameterValue] = [:],
        description: String? = nil, learning: Learning? = nil
    ) {
        self.name = name
        self.attack = attack
        self.parameters = parameters
        self.description = description
        self.learning = learning
    }

    /// Whether this is the untampered control, which has no cost to break.
    public var isControl: Bool { attack == Self.controlAttack }

    /// Returns the canonical JSON of the attack and its parameters, which decide the result. Equal
    /// bytes mean the same work, whatever the adversary's name.
    ///
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public func canonicalContent() throws -> Data {
        struct Content: Encodable {
            let attack: String
            let parameters: [String: ParameterValue]
        }
        return try canonicalJSON(Content(attack: attack, parameters: parameters))
    }
}
