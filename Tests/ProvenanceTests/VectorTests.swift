// SPDX-License-Identifier: Apache-2.0
// Signatures that model_signing 1.1.1 made, judged by us.

import Foundation
import Provenance
import Testing

@Suite("Vectors of model_signing 1.1.1")
struct VectorTests {
    private let vectors: Vectors

    init() throws { vectors = try Vectors() }

    private func report(
        _ signature: String, on model: String = "model", keys: [String] = [],
        roots: [String] = []
    ) async throws -> VerificationReport {
        let trust = Trust(
            keys: try keys.map { try VerificationKey(contentsOf: vectors["keys/\($0).pub.pem"]) },
            roots: try roots.flatMap { try RootCertificate.all(in: vectors["ca/\($0).pem"]) })
        return try await VerificationReport(
            on: vectors[model], signature: vectors[signature], trust: trust, now: vectors.date)
    }

    @Test("a key on each curve verifies", arguments: ["p256", "p384", "p521"])
    func keys(curve: String) async throws {
        let report = try await report("model-\(curve).sig", keys: [curve])
        #expect(report.isVerified, "\(report.lines)")
        let model = try #require(report.model)
        #expect(model.manifest.resources.count == 8)
        #expect(model.ignored == [".git", ".gitattributes", ".github", ".gitignore"])
    }
}
