// SPDX-License-Identifier: Apache-2.0
// What a battery comes to, whatever it is called: the bytes that its digest is taken of.

public import Foundation

extension [AdversarySpecification] {
    /// The canonical JSON of a battery's adversaries in their order: attack, parameters and the
    /// ranges of a search. Names and descriptions are not in it.
    ///
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public func canonicalBattery() throws -> Data {
        try canonicalJSON(
            map { Content(attack: $0.attack, parameters: $0.parameters, search: $0.search) })
    }
}

private struct Content: Encodable {
    let attack: String
    let parameters: [String: ParameterValue]
    let search: [String: SearchRange]?
}

extension AuditRecord {
    /// The adversaries that the battery lists, without those that a search has found.
    public var batteryAdversaries: [AdversarySpecification] {
        let confirmed = Set((searches ?? []).compactMap(\.confirmed))
        return adversaries.filter { !confirmed.contains($0.name) }
    }
}
