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
    }

    @Test("a file that is written to between the check and the loading is refused")
    func writtenBefore() async throws {
        let signed = try SignedModel()
        let verified = try await signed.verified()
        let length = try Data(contentsOf: signed.weights).count
        try Self.overwrite(signed.weights, from: UInt64(length - 400))
        #expect(throws: VerificationFailure.self) { try AdmittedModel(verified, at: signed.url) }
    }

    @Test("what is written into the files while they are served does not reach the model")
    func writtenWhileServed() async throws {
        let signed = try SignedModel()
        let admitted = try await signed.admitted()
        let weights = signed.weights
        try await withServer(admitted) { client in
            let chat = #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 8}"#
            let answer = try await client.chat(chat).content()
            #expect(try await client.get("/health").body.contains(#""files":"as verified""#))
            let head = try Self.head(admitted.model)
            let length = try Data(contentsOf: weights).count
            // Half of the file is other weights now.
            let handle = try FileHandle(forWritingTo: weights)
            try handle.seek(toOffset: UInt64(length / 2))
            try handle.write(contentsOf: Data(repeating: 0x3D, count: length / 2))
            try handle.close()
            #expect(try await client.chat(chat).content() == answer)
            #expect(try Self.head(admitted.model) == head)
            let health = try await client.get("/health")
            #expect(health.status == 200)
            #expect(health.body.contains(#""files":"changed since""#))
        }
        let again = await #expect(throws: VerificationFailure.self) { try await signed.verified() }
        #expect(again?.check == .files)
    }

    @Test("a file that is changed through an open mapping after the check is refused")
    func mapped() async throws {
        let signed = try SignedModel()
        let mapping = try Self.mapping(of: signed.weights)
        defer { munmap(mapping.baseAddress, mapping.count) }
        let verified = try await signed.verified()
        mapping[mapping.count - 400] = 0x3D
        let failure = #expect(throws: VerificationFailure.self) {
            try AdmittedModel(verified, at: signed.url)
        }
        #expect(failure?.subject.contains("model.safetensors") == true)
        #expect(failure?.problem.contains("written to") == true)
    }

    @Test("a mapping that stays open while the model is served changes nothing")
    func mappedWhileServed() async throws {
        let signed = try SignedModel()
        let mapping = try Self.mapping(of: signed.weights)
        defer { munmap(mapping.baseAddress, mapping.count) }
        let admitted = try await signed.admitted()
        let before = try Self.all(admitted.model)
        mapping[(mapping.count / 2)...].update(repeating: 0x3D)
        #expect(try Self.all(admitted.model) == before)
        #expect(try Self.all(LanguageModel(at: signed.url)) != before)
    }

    /// Maps a file so that what is written to memory changes it.
    private static func mapping(of file: URL) throws -> UnsafeMutableBufferPointer<UInt8> {
        let descriptor = open(file.path, O_RDWR)
        defer { close(descriptor) }
        let length = try Data(contentsOf: file).count
        let start = try #require(
            mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
        try #require(start != MAP_FAILED)
        return UnsafeMutableBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self), count: length)
    }

    private static func all(_ model: LanguageModel) throws -> [String: [Float]] {
        try model.weights.mapValues { try $0.values() }
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
