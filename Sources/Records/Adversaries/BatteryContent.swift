// SPDX-License-Identifier: Apache-2.0
// The bytes over which the digest of a battery is computed.

public import Foundation

extension [AdversarySpecification] {
    /// Returns the canonical JSON of a battery's adversaries in their order: name, attack,
    /// parameters and the ranges of a search. It includes names because a policy can ask for the
    /// cost of an adversary by its name, and whether an attack that is not Temper's own ignores
    /// seeds, because that decides how many cells are complete. It does not include the battery's name, descriptions and
    /// what adversaries learn from.
    ///
    /// - Returns: UTF-8 bytes without a line break at the end.
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public func canonicalBattery() throws -> Data {
        try canonicalJSON(
            map {
                Content(
                    name: $0.name, attack: $0.attack, parameters: $0.parameters, search: $0.search,
                    ignoresSeed: $0.ignoresSeed)
            })
    }
}

private struct Content: Encodable {
    let name: String
    let attack: String
    let parameters: [String: ParameterValue]
    let search: [String: SearchRange]?
    let ignoresSeed: Bool?
}
