// SPDX-License-Identifier: Apache-2.0
// Inspections of checkpoints on disk: untampered ones only, in several formats.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Forensics

@Suite("Checkpoints on disk")
struct FileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ model: LanguageModel, _ name: String) throws -> Checkpoint {
        let url = directory.url.appendingPathComponent(name)
        try model.write(to: url)
        return try Checkpoint(at: url)
    }

    @Test("The same bytes are identical, and one other weight is not")
    func identical() throws {
        let model = try tinyModel()
        let (first, second) = (try write(model, "a"), try write(model, "b"))
        let result = try Inspector(base: first, derived: second).inspect()
        #expect(result.verdict == .identical)
        #expect(result.operations.isEmpty)
        #expect(result.tensors.allSatisfy { $0.kinds.isEmpty && $0.relativeChange == 0 })
        let other = try write(tinyModel(seed: 8), "c")
        #expect(try Inspector(base: first, derived: other).inspect().verdict == .unrelated)
    }

    @Test("Another order of the same values is re-serialised")
    func reserialised() throws {
        let (first, second) = (
            directory.url.appendingPathComponent("a.safetensors"),
            directory.url.appendingPathComponent("b.safetensors")
        )
        let values = (0..<1_024).map { Float($0) / 7 }
        try Self.writeSafetensors(
            [("x.weight", [32, 32], values), ("y", [1_024], values)], to: first)
        try Self.writeSafetensors(
            [("y", [1_024], values), ("x.weight", [32, 32], values)], to: second)
        let result = try Inspector(
            base: Checkpoint(at: first), derived: Checkpoint(at: second)
        ).inspect()
        #expect(result.verdict == .reserialised)
    }

    @Test("Checkpoints of other shapes are an error, not a verdict")
    func otherShapes() throws {
        let first = directory.url.appendingPathComponent("a.safetensors")
        let second = directory.url.appendingPathComponent("b.safetensors")
        try Self.writeSafetensors([("x.weight", [2, 3], [1, 2, 3, 4, 5, 6])], to: first)
        try Self.writeSafetensors([("x.weight", [3, 2], [1, 2, 3, 4, 5, 6])], to: second)
        let inspector = try Inspector(base: Checkpoint(at: first), derived: Checkpoint(at: second))
        let error = #expect(throws: InputError.self) { try inspector.inspect() }
        #expect(error?.description.contains("x.weight") == true)
        #expect(error?.description.contains("one architecture") == true)
    }

    @Test("NaN is an error that names the tensor")
    func notANumber() throws {
        let first = directory.url.appendingPathComponent("a.safetensors")
        let second = directory.url.appendingPathComponent("b.safetensors")
        try Self.writeSafetensors([("x.weight", [2, 2], [1, 2, 3, 4])], to: first)
        try Self.writeSafetensors([("x.weight", [2, 2], [1, 2, .nan, 4])], to: second)
        let inspector = try Inspector(base: Checkpoint(at: first), derived: Checkpoint(at: second))
        let error = #expect(throws: InputError.self) { try inspector.inspect() }
        #expect(error?.description.contains("x.weight") == true)
    }

    @Test("A GGUF file of the same weights is re-serialised, its heads' rows put back")
    func gguf() throws {
        let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "LanguageModelsTests/Goldens")
        let base = try Checkpoint(at: goldens.appending(path: "tiny-llama3"))
        let derived = try Checkpoint(at: goldens.appending(path: "tiny-llama3.gguf"))
        let result = try Inspector(base: base, derived: derived).inspect()
        #expect([.reserialised, .cast].contains(result.verdict), "\(result.summary)")
    }

    static func writeSafetensors(
        _ tensors: [(name: String, shape: [Int], values: [Float])], to file: URL
    ) throws {
        var (header, data) = ("", Data())
        for tensor in tensors {
            let start = data.count
            data += tensor.values.withUnsafeBytes { Data($0) }
            header +=
                (header.isEmpty ? "{" : ",")
                + "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),"
                + "\"data_offsets\":[\(start),\(data.count)]}"
        }
        header += "}"
        var size = UInt64(header.utf8.count).littleEndian
        try (withUnsafeBytes(of: &size) { Data($0) } + Data(header.utf8) + data).write(to: file)
    }
}
