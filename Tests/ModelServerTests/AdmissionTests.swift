// SPDX-License-Identifier: Apache-2.0
// What is loaded is what was verified, whatever happens to the files afterwards.

import Checkpoints
import Foundation
import LanguageModels
import Provenance
import TemperFixtures
import Tensors
import Testing

@testable import ModelServer

@Suite("Admission", .serialized, .timeLimit(.minutes(5)))
struct AdmissionTests {
    private static func head(_ model: LanguageModel) throws -> [Float] {
        try #require(model.weights["model.embed_tokens.weight"]).values()
    }

    /// Puts another file in the place of one.
    private static func replace(_ file: URL, with data: Data) throws {
        try data.write(to: file, options: .atomic)
    }

    /// Writes into a file where it is.
    private static func overwrite(_ file: URL, from offset: UInt64) throws {
        let handle = try FileHandle(forWritingTo: file)
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data([1, 2, 3, 4]))
        try handle.close()
    }

    @Test("files that are swapped after the check are not looked at")
    func swapped() async throws {
        let signed = try SignedModel()
        let other = try SignedModel(seed: 8)
        let expected = try Self.head(LanguageModel(at: signed.url))
        let verified = try await signed.verified()
        try Self.replace(signed.weights, with: Data(contentsOf: other.weights))
        try Self.replace(signed.url.appendingPathComponent("config.json"), with: Data("{}".utf8))
        try FileManager.default.removeItem(
            at: signed.url.appendingPathComponent("tokenizer.json"))
        let admitted = try AdmittedModel(verified, at: signed.url)
        #expect(try Self.head(admitted.model) == expected)
        #expect(try Self.head(LanguageModel(at: other.url)) != expected)
        try admitted.checkBytes()
    }

    @Test("a file that is written to between the check and the loading is refused")
    func writtenBefore() async throws {
        let signed = try SignedModel()
        let verified = try await signed.verified()
        let length = try Data(contentsOf: signed.weights).count
        try Self.overwrite(signed.weights, from: UInt64(length - 400))
        #expect(throws: VerificationFailure.self) { try AdmittedModel(verified, at: signed.url) }
    }

    @Test("weights that are written to while they are served are served no more")
    func writtenWhileServed() async throws {
        let signed = try SignedModel()
        let admitted = try await signed.admitted()
        let weights = signed.weights
        try await withServer(admitted) { client in
            let chat = #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 2}"#
            #expect(try await client.chat(chat).status == 200)
            // The same bytes again: the time changes, the content does not.
            let data = try Data(contentsOf: weights)
            try data.write(to: weights)
            #expect(try await client.chat(chat).status == 200)
            try Self.overwrite(weights, from: UInt64(data.count - 400))
            let refused = try await client.chat(chat)
            #expect(refused.status == 503)
            #expect(refused.body.contains("was written to after it was hashed"))
            #expect(try await client.get("/health").status == 503)
            #expect(try await client.chat(chat).status == 503)
            #expect(try await client.get("/metrics").body.contains("temper_healthy 0\n"))
        }
        withExtendedLifetime(signed) {}
    }

    @Test("a model that brings an adapter along is refused, even if it is signed")
    func adapter() async throws {
        let signed = try SignedModel(extra: ["adapter_config.json": "{}"])
        let verified = try await signed.verified()
        let failure = #expect(throws: VerificationFailure.self) {
            try AdmittedModel(verified, at: signed.url)
        }
        #expect(failure?.problem.contains("adapter") == true)
    }
}
