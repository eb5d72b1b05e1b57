// SPDX-License-Identifier: Apache-2.0
// Compares a record with the suite of the digest that it names.

import Records
import Suites

extension AuditRecord {
    /// Returns what the record says of its suite and does not follow from it; nil if all does.
    ///
    /// - Parameter suite: The suite.
    /// - Returns: The place and the problem.
    func contradiction(to suite: KnownSuite) -> (place: String, problem: String)? {
        let title = "\(suite.identity.name) \(suite.identity.version)"
        if self.suite != suite.identity {
            let isSame = self.suite.digest == suite.identity.digest
            return (
                "suite",
                isSame
                    ? "has the digest of \(title) and is described as another"
                    : "is not \(title), whose digest begins \(suite.identity.digest.prefix(16))"
            )
        }
        if thresholds != suite.thresholds {
            return ("thresholds", "are not those of the suite \(title)")
        }
        return nil
    }
}
