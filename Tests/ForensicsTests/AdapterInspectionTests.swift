// SPDX-License-Identifier: Apache-2.0
// An adapter is inspected as its base with it added.

import Checkpoints
import Forensics
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Testing

@Suite("Inspecting an adapter")
struct AdapterInspectionTests {
    private let directory: TemporaryDirectory
    private let base: URL
    private let adapter: URL

    init() throws {
        directory = try TemporaryDirectory()
        base = directory.url.appending(path: "tiny")
        adapter = directory.url.appending(path: "adapter")
        try tinyModel().write(to: base)
        try writeTinyAdapter(to: adapter, for: tinyModel())
    }

    @Test("rank, targets and the size of the change are told, and the verdict is of the sum")
    func verdict() throws {
        let inspection = try Inspector(
            base: Checkpoint(at: base), derivedAt: adapter
        ).inspect()
        #expect(inspection.verdict == .lora, "\(inspection.summary)")
        #expect(inspection.operations.first?.numbers["rank"] == 3)
        #expect(inspection.operations.first?.modules.sorted() == ["down_proj", "q_proj"])
        #expect(inspection.operations.first?.tensorCount == 4)
        let notes = inspection.notes.joined(separator: "\n")
        #expect(notes.contains("rank 3 on down_proj, q_proj; each changed weight moves by"))
        #expect(notes.contains("its base is tiny"))
    }

    @Test("the sum is the one that is written when the adapter is merged")
    func sum() throws {
        let merged = directory.url.appending(path: "merged")
        try LanguageModel(at: base).merging(StoredAdapter(at: adapter)).write(to: merged)
        let ofFiles = try Inspector(
            base: Checkpoint(at: base), derived: Checkpoint(at: merged)
        ).inspect()
        let ofAdapter = try Inspector(
            base: Checkpoint(at: base), derivedAt: adapter
        ).inspect()
        #expect(ofFiles.verdict == ofAdapter.verdict)
        let pairs = zip(ofFiles.tensors, ofAdapter.tensors)
        #expect(pairs.allSatisfy { $0.name == $1.name && $0.effectiveRank == $1.effectiveRank })
        #expect(pairs.allSatisfy { abs($0.relativeChange - $1.relativeChange) < 1e-5 })
        #expect(ofFiles.tensors.count == ofAdapter.tensors.count)
    }

    @Test("an adapter for another model is refused, and its tensor named")
    func other() throws {
        let wide = directory.url.appending(path: "wide")
        try writeTinyAdapter(to: wide, for: tinyModel(), targets: [.gate])
        let settings = wide.appending(path: "adapter_config.json")
        let text = try String(contentsOf: settings, encoding: .utf8)
        try Data(text.replacing("gate_proj", with: "up_proj").utf8).write(to: settings)
        #expect(throws: InputError.self) { try StoredAdapter(at: wide) }
        try Data(text.utf8).write(to: settings)
        let other = directory.url.appending(path: "other")
        try tinyModel().insertingLayer(at: 1).write(to: other)
        try writeTinyAdapter(
            to: directory.url.appending(path: "deep"), for: tinyModel().insertingLayer(at: 1))
        let error = #expect(throws: InputError.self) {
            try Inspector(
                base: Checkpoint(at: base),
                derivedAt: directory.url.appending(path: "deep"))
        }
        #expect(error.map { "\($0)".contains("layers.2") } == true)
    }
}
