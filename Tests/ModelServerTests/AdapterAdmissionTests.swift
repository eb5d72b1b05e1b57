// SPDX-License-Identifier: Apache-2.0
// A base with an adapter is served as what was verified of both.

import Checkpoints
import Foundation
import LanguageModels
import Provenance
import TemperFixtures
import Testing

@testable import ModelServer

@Suite("Serving an adapter", .serialized, .timeLimit(.minutes(5)))
struct AdapterAdmissionTests {
    private let base: SignedModel
    private let adapter: URL
    private let sequence = [1, 5, 9, 13, 17, 21]

    init() throws {
        base = try SignedModel()
        adapter = base.directory.url.appending(path: "adapter")
        try writeTinyAdapter(to: adapter, for: LanguageModel(at: base.url))
        let file = ModelSignature.location(of: adapter)
        try ModelSignature.sign(adapter, key: base.key, for: file).bundle.write(to: file)
    }

    private func verified() async throws -> (base: VerifiedModel, adapter: VerifiedModel) {
        let report = try await VerificationReport(
            on: base.url, adapter: adapter, trust: Trust(keys: [base.key.publicKey]))
        return (try #require(report.model), try #require(report.adapter))
    }

    @Test("the served model is the base with the adapter added, from the verified bytes of both")
    func served() async throws {
        let parts = try await verified()
        let expected = try LanguageModel(at: base.url).merging(StoredAdapter(at: adapter))
        // What replaces the files after the check is not read.
        let weights = adapter.appending(path: "adapter_model.safetensors")
        try Data("other".utf8).write(to: weights, options: .atomic)
        let admitted = try AdmittedModel(parts.base, with: parts.adapter, at: base.url)
        #expect(
            try admitted.model.logProbabilities(of: sequence)
                == expected.logProbabilities(of: sequence))
        let alone = try await base.admitted().model.logProbabilities(of: sequence)
        #expect(try admitted.model.logProbabilities(of: sequence) != alone)
        #expect(admitted.model.name == "tiny+adapter")
        #expect(!admitted.filesAreUnchanged)
        let root = parts.adapter.root
        try await withServer(admitted) { client in
            let health = try await client.get("/health").json()
            #expect(health["adapter"] as? String == root)
            #expect(health["files"] as? String == "changed since")
        }
    }

    @Test("an adapter that is written to between the check and the loading is refused")
    func written() async throws {
        let parts = try await verified()
        let handle = try FileHandle(
            forWritingTo: adapter.appending(path: "adapter_model.safetensors"))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([1]))
        try handle.close()
        #expect(throws: VerificationFailure.self) {
            try AdmittedModel(parts.base, with: parts.adapter, at: base.url)
        }
    }

    @Test("a signed directory that is no adapter of the base is refused")
    func other() async throws {
        let parts = try await verified()
        #expect(throws: (any Error).self) {
            try AdmittedModel(parts.base, with: parts.base, at: base.url)
        }
    }
}
