// SPDX-License-Identifier: Apache-2.0
// Quantised layers become the values that the reference implementations decode; faulty ones are
// named.

import Checkpoints
import Foundation
import Testing

@Suite struct QuantisedTests {
    static let names = [
        "gptq-2", "gptq-3", "gptq-4", "gptq-4-order", "gptq-4-v2", "gptq-8", "awq-32", "awq-all",
        "bnb-nf4", "bnb-nf4-nested", "bnb-fp4", "bnb-fp4-nested", "bnb-8", "fp8", "mxfp4",
        "ct-packed", "ct-int", "ct-float", "ct-naive",
    ]

    @Test("a quantised layer has the values that its own library decodes", arguments: names)
    func decodes(name: String) throws {
        let directory = try golden("quantised/\(name)")
        let quantised = try Checkpoint(at: directory)
        let values = try Checkpoint(at: directory.appending(path: "values.safetensors"))
        #expect(Set(quantised.names) == Set(values.names))
        for name in values.names {
            #expect(try quantised.tensor(name).shape == values.tensor(name).shape, "\(name)")
            // A product with an identity matrix, which is one reference, loses the sign of zeros.
            try expectEqualBits(
                quantised.float32(name).map { $0 + 0 }, values.float32(name).map { $0 + 0 }, name)
            #expect(try quantised.firstNonFinite(in: name) == nil, "\(name)")
        }
        #expect(quantised.tensors.values.contains { $0.quantisation != nil })
        #expect(quantised.tensors["norm.weight"]?.quantisation == nil)
    }

    @Test("rows are decoded alone as within the whole", arguments: names)
    func decodesRows(name: String) throws {
        let checkpoint = try Checkpoint(at: golden("quantised/\(name)"))
        for name in checkpoint.names {
            let tensor = try checkpoint.tensor(name)
            let columns = try #require(tensor.shape.last)
            let all = try checkpoint.float32(name)
            let count = tensor.count / columns
            for rows in [0..<1, count / 2..<count / 2 + 1, count / 3..<count] where !rows.isEmpty {
                let elements = rows.lowerBound * columns..<rows.upperBound * columns
                let part = try [Float](unsafeUninitializedCapacity: elements.count) {
                    buffer, count in
                    try checkpoint.dequantise(
                        name, elements: elements,
                        into: UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count]))
                    count = elements.count
                }
                expectEqualBits(part, Array(all[elements]), name)
            }
        }
    }

    @Test("the same quantised bytes are recognised, and other scales beside the same codes")
    func comparesBytes() throws {
        let (own, its) = try (copy(of: "gptq-4"), copy(of: "gptq-4"))
        defer { for url in [own, its] { try? FileManager.default.removeItem(at: url) } }
        let left = try Checkpoint(at: own)
        #expect(try left.holdsSameBytes(as: Checkpoint(at: its), in: "q.weight"))
        try change(in: its, "q.scales") { $0[3] ^= 1 }
        #expect(try !left.holdsSameBytes(as: Checkpoint(at: its), in: "q.weight"))
    }

    @Test(
        "a quantisation that is not decoded is refused by its name",
        arguments: [
            (
                #"{"quant_method":"hqq"}"#,
                #"quantization_config.quant_method: "hqq" is not supported"#
            ),
            (#"{"quant_method":"torchao"}"#, #""torchao" is not supported"#),
            (#"{"bits":4}"#, "quant_method"),
            (#"{"quant_method":"gptq","bits":5}"#, "quantization_config.bits: 5 is not supported"),
            (#"{"quant_method":"gptq","bits":4,"group_size":0}"#, "group_size"),
            (#"{"quant_method":"gptq","bits":4,"checkpoint_format":"marlin"}"#, #""marlin""#),
            (#"{"quant_method":"gptq","bits":4,"pack_dtype":"int16"}"#, #""int16""#),
            (#"{"quant_method":"awq","bits":4,"version":"gemv"}"#, #""gemv" is not supported"#),
            (#"{"quant_method":"awq","bits":8}"#, "bits: 8"),
            (#"{"quant_method":"fp8","weight_block_size":[0,128]}"#, "weight_block_size"),
            (
                #"{"quant_method":"compressed-tensors","format":"marlin-24","config_groups":{}}"#,
                #"quantization_config.format: "marlin-24" is not supported"#
            ),
            (
                #"{"quant_method":"compressed-tensors","config_groups":{"g":{"format":"nvfp4-pack-quantized"}}}"#,
                #"config_groups.g.format: "nvfp4-pack-quantized""#
            ),
            (
                #"{"quant_method":"compressed-tensors","config_groups":{},"sparsity_config":{"format":"sparse-24-bitmask"}}"#,
                "sparsity_config: is not supported"
            ),
        ])
    func refusesSchemes(configuration: String, words: String) throws {
        let directory = try copy(of: "gptq-4")
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(#"{"quantization_config":\#(configuration)}"#.utf8)
            .write(to: directory.appending(path: "config.json"))
        expectFault("config.json", words) { _ = try Checkpoint(at: directory) }
    }

    @Test("AutoGPTQ's own file and the configuration of the text part are read")
    func findsConfiguration() throws {
        let directory = try copy(of: "gptq-4")
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(#"{"scale":NaN,"text_config":\#(text)}"#.utf8).write(to: file)
        #expect(try Checkpoint(at: directory).tensor("q.weight").quantisation == "GPTQ 4 bits")
        try Data("{}".utf8).write(to: file)
        #expect(try Checkpoint(at: directory).tensors["q.weight"] == nil)
        try Data(#"{"bits":4,"group_size":32}"#.utf8)
            .write(to: directory.appending(path: "quantize_config.json"))
        #expect(try Checkpoint(at: directory).tensor("q.weight").shape == [32, 96])
    }

    @Test(
        "a quantised layer without one of its parts is refused",
        arguments: [
            ("gptq-4", "q.scales"), ("gptq-4", "q.qzeros"), ("awq-32", "q.qzeros"),
            ("bnb-nf4", "q.weight.absmax"), ("bnb-nf4-nested", "q.weight.nested_quant_map"),
            ("bnb-8", "q.SCB"), ("fp8", "k.weight_scale_inv"), ("ct-packed", "q.weight_shape"),
            ("ct-packed", "v.weight_scale"), ("mxfp4", "experts.down_proj_scales"),
        ])
    func refusesMissing(name: String, part: String) throws {
        let directory = try copy(of: name)
        defer { try? FileManager.default.removeItem(at: directory) }
        let other = String(part.dropLast()) + "~"
        try rewrite(directory) { $0.replacing("\"\(part)\"", with: "\"\(other)\"") }
        expectFault("needs the tensor \"\(part)\", which is missing") {
            _ = try Checkpoint(at: directory)
        }
    }

    @Test(
        "shapes that do not fit are refused",
        arguments: [
            (
                "gptq-4", #""q.scales":{"dtype":"F16","shape":[3,32]"#, "[32,3]",
                "floating-point scales"
            ),
            ("gptq-4", #""q.g_idx":{"dtype":"I32","shape":[96]"#, "[2,48]", "q.g_idx"),
            ("gptq-4", #""q.qzeros":{"dtype":"I32","shape":[3,4]"#, "[4,3]", "q.qzeros"),
            (
                "awq-32", #""q.qweight":{"dtype":"I32","shape":[64,3]"#, "[192]",
                "a matrix is needed"
            ),
            (
                "fp8", #""q.weight_scale_inv":{"dtype":"F32","shape":[3,2]"#, "[1,6]",
                "does not divide"
            ),
            ("bnb-8", #""q.SCB":{"dtype":"F32","shape":[9]"#, "[3,3]", ""),
            (
                "mxfp4", #""experts.down_proj_scales":{"dtype":"U8","shape":[2,6,2]"#, "[2,2,6]",
                "its blocks need"
            ),
        ])
    func refusesShapes(name: String, declaration: String, shape: String, words: String) throws {
        let directory = try copy(of: name)
        defer { try? FileManager.default.removeItem(at: directory) }
        let start = try #require(declaration.range(of: "\"shape\":")).upperBound
        let other = declaration[..<start] + shape
        try rewrite(directory) {
            #expect($0.contains(declaration), "\($0)")
            return $0.replacing(declaration, with: other)
        }
        // Another order of the same numbers is as good where only their count matters.
        guard !words.isEmpty else {
            #expect(try Checkpoint(at: directory).tensor("q.weight").shape == [9, 20])
            return
        }
        expectFault(words) { _ = try Checkpoint(at: directory) }
    }

    @Test(
        "a list of groups that names one that is not there is refused",
        arguments: [99, -1] as [Int32])
    func refusesGroups(group: Int32) throws {
        let directory = try copy(of: "gptq-4-order")
        defer { try? FileManager.default.removeItem(at: directory) }
        try change(in: directory, "q.g_idx") { bytes in
            bytes.replaceSubrange(8..<12, with: littleEndian(group))
        }
        let checkpoint = try Checkpoint(at: directory)
        expectFault("q.g_idx", "names group \(group) for column 2, there are 4") {
            _ = try checkpoint.float32("q.weight")
        }
        expectFault("q.g_idx") { _ = try checkpoint.firstNonFinite(in: "q.weight") }
    }

    @Test("a scale that is not finite is found in its layer")
    func findsNonFinite() throws {
        let directory = try copy(of: "gptq-4")
        defer { try? FileManager.default.removeItem(at: directory) }
        // The second group of output 1: columns 32 to 63 of row 1.
        try change(in: directory, "q.scales") { bytes in
            bytes.replaceSubrange(66..<68, with: littleEndian(UInt16(0x7C00)))
        }
        #expect(try Checkpoint(at: directory).firstNonFinite(in: "q.weight").map { $0 / 96 } == 1)
    }

    @Test(
        "a damaged state of bitsandbytes is refused",
        arguments: [
            ("\"shape\"", "\"shapf\""), ("\"blocksize\": 64", "\"blocksize\": 00"),
            ("\"bfloat16\"", "\"bfloat17\""), ("[12, 40]", "[12, 49]"), ("[12, 40]", "[-2, 40]"),
            ("{", "["),
        ])
    func refusesState(text: String, damaged: String) throws {
        let directory = try copy(of: "bnb-nf4")
        defer { try? FileManager.default.removeItem(at: directory) }
        try change(in: directory, "q.weight.quant_state.bitsandbytes__nf4") { bytes in
            let changed = String(decoding: bytes, as: UTF8.self)
                .replacing(text, with: damaged, maxReplacements: 1)
            #expect(changed.utf8.count == bytes.count && Data(changed.utf8) != bytes)
            bytes = Data(changed.utf8)
        }
        expectFault("q.weight") { _ = try Checkpoint(at: directory) }
    }

    // MARK: - Damage

    /// Copies a golden directory.
    private func copy(of name: String) throws -> URL {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "quantised-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: golden("quantised/\(name)"), to: directory)
        try FileManager.default.removeItem(at: directory.appending(path: "values.safetensors"))
        return directory
    }

    /// Replaces the header of the weights by another of any length.
    private func rewrite(_ directory: URL, _ change: (String) -> String) throws {
        let file = directory.appending(path: "model.safetensors")
        let data = try Data(contentsOf: file)
        let length = Int(data.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
        let header = change(String(decoding: data[8..<8 + length], as: UTF8.self))
        let changed = littleEndian(UInt64(header.utf8.count)) + Data(header.utf8)
        try (changed + data[(8 + length)...]).write(to: file)
    }

    /// Changes the bytes of one stored tensor.
    private func change(
        in directory: URL, _ name: String, _ change: (inout Data) throws -> Void
    ) throws {
        // Without its configuration, a checkpoint has the tensors of the file.
        let alone = try withTemporaryDirectory { place in
            let file = place.appending(path: "model.safetensors")
            try FileManager.default.copyItem(
                at: directory.appending(path: "model.safetensors"), to: file)
            return try Checkpoint(at: file).tensor(name).byteRange
        }
        let file = directory.appending(path: "model.safetensors")
        var data = try Data(contentsOf: file)
        var bytes = Data(data[alone])
        try change(&bytes)
        data.replaceSubrange(alone, with: bytes)
        try data.write(to: file)
    }
}
