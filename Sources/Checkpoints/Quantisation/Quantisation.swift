// SPDX-License-Identifier: Apache-2.0
// How a directory's weights are quantised, as `quantization_config` of its config.json states it.

import Foundation
import JSONText

/// A scheme of quantised storage that can be decoded.
enum Quantisation: Sendable, Hashable {
    /// What a group of layers declares; nil where it says nothing.
    struct Layout: Sendable, Hashable {
        var bits: Int?
        /// Columns that share a scale; nil if all do.
        var groupSize: Int?
        /// Rows and columns that share a scale.
        var blockSize: [Int]?
    }

    /// GPTQ. Version 1 stores each zero point less one.
    case gptq(Layout, zerosAreLessOne: Bool)
    /// AWQ in the packing order of its GEMM kernel.
    case awq(Layout)
    /// bitsandbytes. The tensors say how many bits.
    case bitsandbytes
    /// FP8 with a scale for each tensor, row or block.
    case fp8(Layout)
    /// MXFP4 as gpt-oss has it.
    case mxfp4
    /// compressed-tensors: what each group of layers declares.
    case compressedTensors([Layout])

    /// The `quant_method`s that are decoded, for messages.
    static let supported = "awq, bitsandbytes, compressed-tensors, fp8, gptq, mxfp4"

    /// Reads what the files around the weights say.
    ///
    /// - Parameter file: Returns a file of the directory by its name, with its path, or nil.
    /// - Returns: The scheme; nil if the weights are not quantised.
    /// - Throws: An `InputError` that names the quantisation if it is not decoded.
    static func read(
        _ file: (_ name: String) throws -> (path: String, data: Data)?
    ) throws -> Quantisation? {
        func node(_ name: String) throws -> JSONNode? {
            guard let (path, data) = try file(name) else { return nil }
            let value = try JSON(
                data, file: path, remedy: InputError.damaged, repeatedKeys: .kept, nonFinite: .read)
            return JSONNode(value, file: path, remedy: InputError.damaged)
        }
        if let configuration = try node("config.json") {
            let key = "quantization_config"
            let text = try configuration.member("text_config")
            if let stated = try configuration.member(key) ?? text?.member(key) {
                return try Quantisation(stated)
            }
        }
        // Before transformers had the key, AutoGPTQ wrote a file of its own.
        return try node("quantize_config.json").map { try gptq($0) }
    }

    private init(_ node: JSONNode) throws {
        // The first checkpoints of bitsandbytes do not name it.
        if try node.member("quant_method") == nil,
            try node.flag("load_in_8bit", default: false)
                || node.flag("load_in_4bit", default: false)
        {
            self = .bitsandbytes
            return
        }
        let method = try node.required("quant_method")
        switch try method.string() {
        case "gptq": self = try Self.gptq(node)
        case "awq": self = try Self.awq(node)
        case "bitsandbytes": self = .bitsandbytes
        case "fp8":
            self = .fp8(Layout(blockSize: try node.member("weight_block_size")?.pair()))
        case "mxfp4": self = .mxfp4
        case "compressed-tensors", "compressed_tensors":
            self = try Self.compressedTensors(node)
        default:
            throw try method.unsupported(supported: Self.supported)
        }
    }

    private static func gptq(_ node: JSONNode) throws -> Quantisation {
        let format = try node.member("checkpoint_format") ?? node.member("format")
        let name = try format?.string() ?? "gptq"
        if let format, !["gptq", "gptq_v2"].contains(name) {
            throw try format.unsupported(supported: "gptq, gptq_v2")
        }
        if let type = try node.member("pack_dtype"), try type.string() != "int32" {
            throw try type.unsupported(supported: "int32")
        }
        let layout = try Layout(bits: node.bits([2, 3, 4, 8]), groupSize: node.groupSize())
        return .gptq(layout, zerosAreLessOne: name == "gptq")
    }

    private static func awq(_ node: JSONNode) throws -> Quantisation {
        let version = try node.member("version") ?? node.member("format")
        if let version, try version.string().lowercased() != "gemm" {
            throw try version.unsupported(supported: "gemm")
        }
        return .awq(try Layout(bits: node.bits([4]), groupSize: node.groupSize()))
    }

    private static func compressedTensors(_ node: JSONNode) throws -> Quantisation {
        for key in ["sparsity_config", "transform_config"] {
            guard let member = try node.member(key), try !member.members().isEmpty else { continue }
            if let format = try member.member("format"), try format.string() == "dense" { continue }
            throw member.error("is not supported", "use a checkpoint without it")
        }
        let formats = [
            "int-quantized", "float-quantized", "naive-quantized", "pack-quantized",
            "mixed-precision",
        ]
        func check(_ node: JSONNode) throws {
            guard let format = try node.member("format") else { return }
            guard try formats.contains(format.string()) else {
                throw try format.unsupported(supported: formats.joined(separator: ", "))
            }
        }
        try check(node)
        let groups = try node.required("config_groups")
        return .compressedTensors(
            try groups.members().compactMap { member in
                guard let group = try groups.member(member.key) else { return nil }
                try check(group)
                guard let weights = try group.member("weights") else { return nil }
                return Layout(
                    bits: try weights.member("num_bits")?.count(),
                    groupSize: try weights.groupSize(),
                    blockSize: try weights.member("block_structure")?.pair())
            })
    }
}

extension JSONNode {
    fileprivate func unsupported(supported: String) throws -> InputError {
        error("\"\(try string())\" is not supported", "supported are \(supported)")
    }

    /// Returns the number of bits, which must be one of some.
    fileprivate func bits(_ supported: [Int]) throws -> Int? {
        guard let member = try member("bits") ?? member("w_bit") else { return nil }
        let bits = try member.count()
        guard supported.contains(bits) else {
            throw member.error(
                "\(bits) is not supported",
                "supported are \(supported.map(String.init).joined(separator: ", "))")
        }
        return bits
    }

    /// Returns the columns that share a scale; nil if all do, which -1 says.
    fileprivate func groupSize() throws -> Int? {
        guard let member = try member("group_size") ?? member("q_group_size") else { return nil }
        if case .integer(-1) = member.value { return nil }
        let size = try member.count()
        guard size > 0 else { throw member.error("is 0", remedy) }
        return size
    }

    /// Returns two numbers greater than 0.
    fileprivate func pair() throws -> [Int] {
        let numbers = try elements().map { try $0.count() }
        guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 }) else {
            throw error("is not two numbers greater than 0", remedy)
        }
        return numbers
    }
}
