// SPDX-License-Identifier: Apache-2.0
// The same audit as in-toto's test-result predicate, for tools that know only that one.

import Foundation
import Records

/// The predicate `https://in-toto.io/attestation/test-result/v0.1`.
public struct TestResult: Codable, Sendable, Hashable {
    /// The predicate type.
    public static let predicateType = "https://in-toto.io/attestation/test-result/v0.1"

    /// The result of all tests.
    public enum Result: String, Codable, Sendable, Hashable {
        /// Every adversary was measured and none broke the safeguard.
        case passed = "PASSED"
        /// None broke it, but some could not be measured, or the untampered model's safeguard is
        /// not known.
        case warned = "WARNED"
        /// At least one broke it, or the untampered model has no safeguard.
        case failed = "FAILED"
    }

    /// The result of all tests.
    public var result: Result
    /// The suite, the battery, the payload of the model's signature, and the evidence.
    public var configuration: [TamperResistance.Resource]
    /// The tests where the safeguard held; none where the untampered model has no safeguard.
    public var passedTests: [String]
    /// The tests where it is unclear whether the safeguard holds: adversaries that were not fully
    /// measured, all adversaries where there is no safeguard, and the untampered model without a
    /// measure.
    public var warnedTests: [String]
    /// The tests where the safeguard broke.
    public var failedTests: [String]

    /// Summarises an audit. A test is `untampered` or the name of an adversary, and passes where
    /// the safeguard holds.
    public init(_ audit: TamperResistance) {
        let isUnknown = audit.safeguard == .unknown
        warnedTests =
            (isUnknown ? [TamperResistance.untamperedName] : [])
            + audit.unclearAdversaries.map(\.name)
        let warned = Set(warnedTests)
        failedTests = audit.claims.filter { !$0.passed }.map(\.under)
        passedTests =
            audit.safeguard == .stands
            ? audit.claims.filter { $0.passed && !warned.contains($0.under) }.map(\.under) : []
        result = !failedTests.isEmpty ? .failed : warned.isEmpty ? .passed : .warned
        configuration =
            [
                .init(name: "suite \(audit.suite.name)", digest: audit.suite.digest),
                .init(name: "battery \(audit.battery.name)", digest: audit.battery.digest),
                .init(name: "model.sig payload", digest: audit.modelSignature),
            ]
            + (audit.adapterSignature.map {
                [.init(name: "adapter's model.sig payload", digest: $0)]
            }
                ?? []) + audit.evidence
    }
}

extension TestResult {
    /// Reads the predicate of a statement; nil if it is none.
    init?(_ statement: Statement) {
        guard statement.predicateType == Self.predicateType,
            let result = try? RecordJSON.decoder().decode(Self.self, from: statement.predicate)
        else { return nil }
        self = result
    }
}
