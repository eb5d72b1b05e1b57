// SPDX-License-Identifier: Apache-2.0
// Loads a checkpoint's tensors as fp32 parameters. Names and shapes are checked, and nothing is
// kept twice.

import Checkpoints
import Foundation
import JSONText
import Tensors

/// Memory that a tensor uses, and that is freed with the tensor's last copy.
///
/// `@unchecked Sendable`: it is written only before its tensor is made.
private final class OwnedFloats: @unchecked Sendable {
    let buffer: UnsafeMutableBufferPointer<Float>

    init(count: Int) {
        let raw = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
        buffer = raw.bindMemory(to: Float.self)
    }

    deinit { UnsafeMutableRawBufferPointer(buffer).deallocate() }
}

/// Reads the parameters of a configuration from a checkpoint.
struct WeightLoading {
    let checkpoint: Checkpoint
    let configuration: DecoderConfiguration
    let file: String

    /// Returns all parameters by Hugging Face name, computed in fp32.
    func load() throws -> [String: Tensor] {
        try checkNames()
        var weights: [String: Tensor] = [:]
        for parameter in configuration.parameters {
            weights[parameter.name] = try tensor(parameter)
        }
        return weights
    }

    private func storedName(_ name: String) -> String? {
        switch checkpoint.format {
        case .gguf: GGUFNames.name(of: name)
        // A tied head may be what is stored of the two.
        case .safetensors:
            configuration.headIsTied && name == "model.embed_tokens.weight"
                && checkpoint.tensors[name] == nil && checkpoint.tensors["lm_head.weight"] != nil
                ? "lm_head.weight" : name
        }
    }

    /// Checks names and shapes before any tensor is read.
    private func checkNames() throws {
        var expected: Set<String> = []
        for parameter in configuration.parameters {
            guard let name = storedName(parameter.name), let stored = checkpoint.tensors[name]
            else {
                throw InputError(
                    "\(file), tensor \(storedName(parameter.name) ?? parameter.name)", "is missing",
                    remedy: "use a checkpoint that holds every tensor its configuration names")
            }
            guard stored.shape == parameter.shape else {
                throw InputError(
                    "\(file), tensor \(name)",
                    "has shape \(stored.shape), its configuration needs \(parameter.shape)",
                    remedy: "use the configuration that belongs to these weights")
            }
            expected.insert(name)
        }
        let others = checkpoint.names.filter { !expected.contains($0) && !isIgnored($0) }
        if let first = others.first {
            let more = others.count > 1 ? " and \(others.count - 1) more" : ""
            throw InputError(
                "\(file), tensor \(first)\(more)",
                "is no part of a \(configuration.family) decoder",
                remedy: "use the configuration that belongs to these weights")
        }
    }

    private func isIgnored(_ name: String) -> Bool {
        GGUFNames.known.contains(name) || name.hasSuffix("rotary_emb.inv_freq")
            || name.hasSuffix("rope_freqs.weight")
            || (configuration.headIsTied && name == "lm_head.weight")
    }

    private func tensor(_ parameter: DecoderConfiguration.Parameter) throws -> Tensor {
        let name = storedName(parameter.name) ?? parameter.name
        if let index = try checkpoint.firstNonFinite(in: name) {
            throw InputError(
                "\(file), tensor \(name)", "element \(index) is NaN or infinite",
                remedy: "download or export the checkpoint again")
        }
        let rowOrder = rowOrder(of: parameter)
        if rowOrder == nil, checkpoint.tensors[name]?.elementType == .float32 {
            let (bytes, owner) = try checkpoint.mapped(name)
            if Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0 {
                return Tensor(mapping: bytes, shape: parameter.shape, type: .float32, owner: owner)
            }
        }
        let memory = OwnedFloats(count: parameter.shape.reduce(1, *))
        try checkpoint.dequantise(name, into: memory.buffer)
        if let rowOrder { Self.reorder(memory.buffer, rows: rowOrder) }
        return Tensor(
            mapping: UnsafeRawBufferPointer(memory.buffer), shape: parameter.shape, type: .float32,
            owner: memory)
    }

    /// Returns the order of rows in the file.
    ///
    /// - Returns: For each row of the result, the row where it is stored; nil when they are equal.
    private func rowOrder(of parameter: DecoderConfiguration.Parameter) -> [Int]? {
        guard checkpoint.format == .gguf, configuration.family == "llama",
            parameter.name.contains(".q_proj.") || parameter.name.contains(".k_proj.")
        else { return nil }
        let head = configuration.attention.headDimension
        return (0..<parameter.shape[0]).map { GGUFNames.storedRow(of: $0, headDimension: head) }
    }

    private static func reorder(_ values: UnsafeMutableBufferPointer<Float>, rows: [Int]) {
        let width = values.count / rows.count
        let stored = Array(values)
        for (row, source) in rows.enumerated() {
            for column in 0..<width {
                values[row * width + column] = stored[source * width + column]
            }
        }
    }
}
