// SPDX-License-Identifier: Apache-2.0
// A model is loaded and hardened from the files that identify it.

import Foundation
import LanguageModels
import Measuring
import ModelWriting
import Records
import Suites
import TemperFixtures
import Tensors
import Testing
import Training

@testable import Defenses

@Suite("Identified models")
struct IdentityTests {
    private let directory: TemporaryDirectory
    private let plain: URL
    private let snapshot: URL

    /// Writes a model twice: as a plain directory, and as a snapshot in a download cache.
    init() throws {
        directory = try TemporaryDirectory()
        plain = directory.url.appendingPathComponent("plain")
        try tinyModel().write(to: plain)
        let cache = directory.url.appendingPathComponent("models--org--name")
        let blobs = cache.appendingPathComponent("blobs")
        snapshot = cache.appendingPathComponent("snapshots/0123abcd")
        for folder in [blobs, snapshot] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: plain.path) {
            try FileManager.default.copyItem(
                at: plain.appendingPathComponent(name),
                to: blobs.appendingPathComponent("blob-of-\(name)"))
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.appendingPathComponent(name).path,
                withDestinationPath: "../../blobs/blob-of-\(name)")
        }
    }

    private func embedding(of model: LanguageModel) throws -> [Float] {
        try #require(model.weights["model.embed_tokens.weight"]).values()
    }

    @Test("a snapshot in a download cache is loaded and identified as its copy")
    func loaded() throws {
        let (model, copy) = (try LoadedModel(at: snapshot), try LoadedModel(at: plain))
        #expect(model.identity.digest == copy.identity.digest)
        #expect(model.identity.format == "safetensors")
        #expect(try embedding(of: model.model) == embedding(of: copy.model))
        #expect(try embedding(of: model.model) == embedding(of: LanguageModel(at: snapshot)))
    }

    @Test("the weights file of a directory is identified with its configuration and tokenizer")
    func weightsFile() throws {
        let named = plain.appendingPathComponent("model.safetensors")
        let before = try LoadedModel(at: named).identity
        #expect(try before.digest == LoadedModel(at: plain).identity.digest)
        #expect(before.name == "model")
        try Data("{}".utf8).write(to: plain.appendingPathComponent("generation_config.json"))
        #expect(try LoadedModel(at: named).identity.digest != before.digest)
    }

    @Test("a snapshot is hardened to the bits that its copy is hardened to")
    func hardened() throws {
        let suites = try TemporaryDirectory()
        try writeTinySuite(to: suites)
        let suite = try Suites.Suite(at: suites.url)
        var defense = RefusalTraining()
        defense.restrictedBatch = 2
        defense.benignBatch = 3
        defense.training.method = .lora
        defense.training.rank = 2
        defense.training.steps = 2
        let weights = try [plain, snapshot].map { url in
            let output = directory.url.appendingPathComponent("of-\(url.lastPathComponent)")
            let hardened = try HardenedModel(
                hardening: url, by: defense, suite: suite, seed: 1, savingBeside: output)
            try hardened.write(to: output)
            let written = try LoadedModel(at: output)
            #expect(try HardenedModel.summary(of: written) == hardened.summary)
            return try Data(contentsOf: output.appendingPathComponent("model.safetensors"))
        }
        #expect(weights[0] == weights[1])
        #expect(try HardenedModel.summary(of: LoadedModel(at: snapshot)) == nil)
    }
}
