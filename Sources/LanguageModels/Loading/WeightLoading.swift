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
        let stored = try storedParameters()
        try checkNames(stored)
        let shapes = Dictionary(
            configuration.parameters.map { ($0.name, $0.shape) },
            uniquingKeysWith: { first, _ in first })
        var weights: [String: Tensor] = [:]
        var slices: [String: [Tensor]] = [:]
        for parameter in stored {
            let tensor = try tensor(parameter)
            guard case .slice(let name, let index, let count) = parameter.content else {
                let parts = parameter.parts(of: tensor, shapes: shapes)
                for (name, part) in parts {
                    let shape = shapes[name] ?? part.shape
                    let value = self.parameter(name, part)
                    weights[name] = value.shape == shape ? value : value.reshaped(shape)
                }
                if parts.count > 1 { try evaluate(parts.keys.compactMap { weights[$0] }) }
                continue
            }
            slices[name, default: []].append(tensor)
            guard index == count - 1, let all = slices.removeValue(forKey: name) else { continue }
            weights[name] = try Tensor.stacked(all, axis: 0).evaluated()
        }
        return weights
    }

    /// Returns a parameter as the configuration has it. GGUF files hold Gemma's gains, not what 1 is
    /// added to.
    private func parameter(_ name: String, _ tensor: Tensor) -> Tensor {
        let offset = configuration.normalisation.weightOffset
        guard checkpoint.format == .gguf, offset != 0, name.hasSuffix("norm.weight") else {
            return tensor
        }
        return tensor - offset
    }

    /// Returns the tensors that the checkpoint must hold.
    private func storedParameters() throws -> [StoredParameter] {
        let family = Family.named(configuration.family)
        switch checkpoint.format {
        case .gguf:
            return GGUFNames.storedParameters(of: configuration)
        case .safetensors:
            let names = (family?.names ?? NameScheme()).within(checkpoint.names)
            return names.storedParameters(of: configuration).map { parameter in
                // A tied head may be what is stored of the two.
                guard configuration.headIsTied, checkpoint.tensors[parameter.name] == nil,
                    parameter.content == .whole("model.embed_tokens.weight"),
                    checkpoint.tensors[names.headName] != nil
                else { return parameter }
                return StoredParameter(
                    name: names.headName, shape: parameter.shape, content: parameter.content)
            }
        }
    }

    /// Checks names and shapes before any tensor is read.
    private func checkNames(_ stored: [StoredParameter]) throws {
        var expected: Set<String> = []
        for parameter in stored {
            guard let found = checkpoint.tensors[parameter.name] else {
                throw InputError(
                    "\(file), tensor \(parameter.name)", "is missing",
                    remedy: "use a checkpoint that holds every tensor its configuration names")
            }
            guard found.shape == parameter.shape else {
                throw InputError(
                    "\(file), tensor \(parameter.name)",
                    "has shape \(found.shape), its configuration needs \(parameter.shape)",
                    remedy: "use the configuration that belongs to these weights")
            }
            expected.insert(parameter.name)
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
            || (configuration.headIsTied && name.hasSuffix("lm_head.weight"))
            || NameScheme.isOfAnotherPart(name, among: checkpoint.names)
    }

    private func tensor(_ parameter: StoredParameter) throws -> Tensor {
        let name = parameter.name
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
    private func rowOrder(of parameter: StoredParameter) -> [Int]? {
        guard checkpoint.format == .gguf, Family.named(configuration.family)?.ggufPermutes == true,
            case .whole(let name) = parameter.content,
            name.contains(".q_proj.") || name.contains(".k_proj.")
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
