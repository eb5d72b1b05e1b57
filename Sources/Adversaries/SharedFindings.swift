// SPDX-License-Identifier: Apache-2.0
// Findings of attacks about the untampered model, which cells of one audit share.

import Foundation
internal import Records
import Synchronization
internal import Training

/// Findings of attacks about the checkpoint under audit, by everything that decides them.
///
/// Equal work on equal weights gives equal bits, so it is done once. Each adversary pays for it as
/// if it had done it alone.
package final class SharedFindings: Sendable {
    private struct Finding: Sendable {
        let value: any Sendable
        let cost: AttackCost
    }

    package init() {}

    private let findings = Mutex<[Data: Finding]>([:])

    /// Returns a finding, which is computed unless it is known already.
    ///
    /// - Parameters:
    ///   - attack: The attack with every parameter that decides the finding.
    ///   - seed: The seed that decides it.
    ///   - meter: Counts the costs.
    ///   - find: Computes the finding.
    /// - Returns: The finding.
    /// - Throws: Errors of `find`; in this case nothing is kept.
    func finding<Value: Sendable>(
        of attack: some Attack, seed: UInt64, meter: inout CostMeter,
        find: (inout CostMeter) throws -> Value
    ) throws -> Value {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let name = Data("\(type(of: attack).entry.name) \(seed) ".utf8)
        let key = try name + encoder.encode(attack)
        if let known = findings.withLock({ $0[key] }), let value = known.value as? Value {
            meter.pay(known.cost)
            return value
        }
        var own = meter.unpaid
        let value = try find(&own)
        findings.withLock { $0[key] = Finding(value: value, cost: own.cost) }
        meter.pay(own.cost)
        return value
    }
}
