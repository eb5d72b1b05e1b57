// SPDX-License-Identifier: Apache-2.0
// A model with an adapter is audited as one model, and the record names both parts.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import Measuring
import ModelWriting
import TemperFixtures
import Testing

@testable import Adversaries
@testable import Audits
@testable import Records
@testable import Suites

@Suite("Auditing an adapter")
struct AdapterAuditTests {
    private let directory: TemporaryDirectory
    private let base: URL
    private let adapter: URL
    private let battery: Battery

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        base = directory.url.appending(path: "tiny")
        adapter = directory.url.appending(path: "adapter")
        try tinyModel().write(to: base)
        try writeTinyAdapter(to: adapter, for: tinyModel())
        battery = try Battery(
            yaml: Data(
                """
                name: tiny
                adversaries:
                  - {name: control, attack: control}
                  - {name: prompt, attack: system-prompt-override}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 2, batchSize: 2, rank: 2}}
                """.utf8), file: "tiny.yaml")
    }

    private func audit(_ loaded: LoadedModel) throws -> Audit {
        var request = Audit.Request(
            model: loaded.model, identity: loaded.identity,
            suite: try Suites.Suite(at: directory.url), battery: battery, seeds: [1])
        request.acceptsMissingSafeguard = true
        return try Audit(
            request,
            store: SQLiteCellStore(at: directory.url.appending(path: "\(UUID().uuidString).sqlite"))
        )
    }

    private func record(of audit: Audit) async throws -> AuditRecord {
        for try await event in audit.run() { if case .record(let record) = event { return record } }
        throw InputError("the audit", "gave no record", remedy: "")
    }

    @Test("the record names base and adapter, and its digest is of both")
    func identity() async throws {
        let loaded = try LoadedModel(at: base, adapter: adapter)
        let record = try await record(of: audit(loaded))
        let read = try AuditRecord(json: try record.json(), file: "record.json")
        let parts = try #require(read.model.adapter)
        #expect(read.model.name == "tiny+adapter")
        #expect(parts.name == "adapter" && parts.baseName == "tiny")
        #expect(try parts.digest == ModelDigest(of: adapter).root)
        #expect(try parts.baseDigest == ModelDigest(of: base).root)
        #expect(
            read.model.digest == ModelDigest.root(ofBase: parts.baseDigest, adapter: parts.digest))
        // Its measures are those of the sum.
        let alone = try await self.record(of: audit(LoadedModel(at: base)))
        #expect(alone.model.adapter == nil)
        #expect(alone.baseline != read.baseline)
        let merged = directory.url.appending(path: "merged")
        try LanguageModel(at: base).merging(StoredAdapter(at: adapter)).write(to: merged)
        let ofMerged = try await self.record(of: audit(LoadedModel(at: merged)))
        #expect(ofMerged.baseline == read.baseline)
        #expect(ofMerged.cells.map(\.trace.count) == read.cells.map(\.trace.count))
    }

    @Test("no cell of the base is taken for one with the adapter, or with another adapter")
    func cells() throws {
        let other = directory.url.appending(path: "other")
        try writeTinyAdapter(to: other, for: tinyModel(), seed: 2)
        let keys = try [nil, adapter, other].map {
            Set(try audit(LoadedModel(at: base, adapter: $0)).jobs.map(\.key))
        }
        #expect(keys[0].isDisjoint(with: keys[1]))
        #expect(keys[1].isDisjoint(with: keys[2]))
    }

    @Test("each adversary has an estimate of memory and time, and training takes more memory")
    func needs() throws {
        let needs = try audit(LoadedModel(at: base, adapter: adapter)).estimate().needs
        #expect(needs.map(\.adversary) == ["prompt", "lora"])
        #expect(needs.allSatisfy { $0.seconds > 0 && $0.seconds.isFinite && $0.bytes > 0 })
        #expect(needs[1].bytes > needs[0].bytes)
    }

    @Test("facts are told of both parts")
    func facts() throws {
        let facts = try ModelFacts(LoadedModel(at: base, adapter: adapter))
        let model = try tinyModel()
        #expect(facts.adapter?.ranks == [3])
        #expect(facts.adapter?.targets == ["down_proj", "q_proj"])
        #expect(facts.adapter?.statedBase == "tiny")
        #expect(facts.identity.parameterCount == model.configuration.parameterCount)
        #expect(facts.activeParameterCount == model.matrixParameterCount)
        #expect(facts.storedTypes == ["F32": model.configuration.parameterCount])
        #expect(facts.contextLength == 512)
        #expect(facts.tokenizer == "BPE" && facts.vocabularySize == 258)
        #expect(facts.hasChatTemplate)
        #expect(facts.stopTokens == [.init(identifier: 257, text: "<end>")])
        #expect(try ModelFacts(LoadedModel(at: base)).adapter == nil)
    }
}
