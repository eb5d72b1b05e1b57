// SPDX-License-Identifier: Apache-2.0
// The same audit as in-toto's test-result predicate, for tools that know only that.

/// The predicate `https://in-toto.io/attestation/test-result/v0.1`.
public struct TestResult: Codable, Sendable, Hashable {
    /// The predicate type.
    public static let predicateType = "https://in-toto.io/attestation/test-result/v0.1"

    /// What all tests come to.
    public enum Result: String, Codable, Sendable, Hashable {
        /// Every adversary was measured and none broke the safeguard.
        case passed = "PASSED"
        /// None broke it, but some could not be measured.
        case warned = "WARNED"
        /// Some broke it, or the untampered model has no safeguard.
        case failed = "FAILED"
    }

    /// All tests together.
    public var result: Result
    /// Suite, battery, the payload of the model's signature, and the evidence.
    public var configuration: [TamperResistance.Resource]
    /// Where the safeguard held.
    public var passedTests: [String]
    /// Adversaries that failed to run with some seed and did not break the safeguard.
    public var warnedTests: [String]
    /// Where it broke.
    public var failedTests: [String]

    /// Sums up an audit: a test is `untampered` or the name of an adversary, and passes where the
    /// safeguard holds.
    public init(_ audit: TamperResistance) {
        let warned = audit.adversaries.filter { adversary in
            !adversary.isControl && (adversary.costToBreak == nil || !adversary.failedSeeds.isEmpty)
                && adversary.brokenSeeds == 0
        }.map(\.name)
        warnedTests = warned
        failedTests = audit.claims.filter { !$0.passed }.map(\.under)
        passedTests = audit.claims.filter { $0.passed && !warned.contains($0.under) }.map(\.under)
        result = !failedTests.isEmpty ? .failed : warned.isEmpty ? .passed : .warned
        configuration =
            [
                .init(name: "suite \(audit.suite.name)", digest: audit.suite.digest),
                .init(name: "battery \(audit.battery.name)", digest: audit.battery.digest),
                .init(name: "model.sig payload", digest: audit.modelSignature),
            ] + audit.evidence
    }
}
