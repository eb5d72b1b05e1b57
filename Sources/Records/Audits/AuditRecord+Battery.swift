// SPDX-License-Identifier: Apache-2.0
// The battery of an audit, without the adversaries that a search found.

extension AuditRecord {
    /// The adversaries that the battery lists, without those that a search found.
    public var batteryAdversaries: [AdversarySpecification] {
        let confirmed = Set((searches ?? []).compactMap(\.confirmed))
        return adversaries.filter { !confirmed.contains($0.name) }
    }
}
