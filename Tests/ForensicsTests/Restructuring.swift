// SPDX-License-Identifier: Apache-2.0
// Ways of building a checkpoint differently from its base: other layers, rows, heads, experts.

import Foundation
import Tensors

extension Weights {
    private static let stack = "model.layers."

    var layerCount: Int { 1 + (decoder.compactMap(Self.layer).max() ?? 0) }

    /// The tensors of a layer by their names within it.
    private static func layer(_ index: Int, of tensors: [String: Tensor]) -> [String: Tensor] {
        let prefix = "\(stack)\(index)."
        return Dictionary(
            uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }.map {
                (String($0.key.dropFirst(prefix.count)), $0.value)
            })
    }

    /// Where a layer of a new stack comes from.
    enum Origin: Hashable {
        case base(Int)
        case third(Int)
        /// A repetition that writes nothing, as block expansion inserts it.
        case silent(Int)
        case random
    }

    /// Builds the stack of layers anew.
    mutating func arrange(_ order: [Origin], third: [String: Tensor] = [:]) throws {
        let old = tensors
        tensors = tensors.filter { !$0.key.hasPrefix(Self.stack) }
        for (place, origin) in order.enumerated() {
            let layer: [String: Tensor]
            switch origin {
            case .base(let index): layer = Self.layer(index, of: old)
            case .third(let index): layer = Self.layer(index, of: third)
            case .silent(let index):
                layer = Self.layer(index, of: old).reduce(into: [:]) { result, entry in
                    let isWriter = Self.writers.contains { entry.key.contains($0) }
                    result[entry.key] = isWriter ? Tensor.zeros(entry.value.shape) : entry.value
                }
            case .random:
                layer = Self.layer(0, of: old).sorted { $0.key < $1.key }.reduce(into: [:]) {
                    let shape = $1.value.shape
                    $0[$1.key] =
                        shape.count == 1
                        ? Tensor.ones(shape)
                        : Tensor.normal(shape, key: key.next()) * 0.02
                }
            }
            for (inner, tensor) in layer { tensors["\(Self.stack)\(place).\(inner)"] = tensor }
        }
        try evaluate(Array(tensors.values))
    }

    /// How rows that a vocabulary is extended by are filled.
    enum Filling: String, CaseIterable {
        case random, zero, mean
    }

    /// Gives the embedding more or fewer rows.
    mutating func resizeVocabulary(by count: Int, with filling: Filling = .random) throws {
        try edit(["model.embed_tokens.weight", "lm_head.weight"]) { rows, key in
            let (height, width) = (rows.shape[0], rows.shape[1])
            guard count > 0 else { return rows.slice(axis: 0, from: 0, to: height + count) }
            let added: Tensor
            switch filling {
            case .random: added = Tensor.normal([count, width], key: key.next()) * 0.02
            case .zero: added = Tensor.zeros([count, width])
            case .mean:
                added =
                    rows.mean(axis: 0, keepingDimensions: true)
                    + Tensor.normal([count, width], key: key.next()) * 1e-6
            }
            return Tensor.concatenated([rows, added], axis: 0)
        }
    }

    /// Keeps each other row of the embedding, as a vocabulary that is cut to one language does.
    mutating func thinVocabulary() throws {
        try edit(["model.embed_tokens.weight"]) { rows, _ in
            let kept = stride(from: 0, to: rows.shape[0], by: 2).map {
                rows.slice(axis: 0, from: $0, to: $0 + 1)
            }
            return Tensor.concatenated(kept, axis: 0)
        }
    }

    /// Replaces the embedding by random numbers of its size.
    mutating func randomiseEmbedding() throws {
        try edit(["model.embed_tokens.weight"]) { rows, key in
            Tensor.normal(rows.shape, key: key.next()) * rows.square().mean().sqrt()
        }
    }

    /// Gives a tied model a head of its own.
    mutating func untieHead(noise: Float) throws {
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
        try edit(["lm_head.weight"]) { rows, key in
            rows + Tensor.normal(rows.shape, key: key.next())
                * (rows.square().mean().sqrt() * noise)
        }
    }

    /// Adds biases to projections, or norms of queries and keys.
    mutating func addVectors(_ names: [String], scale: Float, around value: Float = 0) throws {
        for layer in 0..<layerCount {
            for name in names {
                let weight = tensors["\(Self.stack)\(layer).self_attn.q_proj.weight"]
                let shape = [weight?.shape[0] ?? 1]
                tensors["\(Self.stack)\(layer).self_attn.\(name)"] =
                    try (Tensor.normal(shape, key: key.next()) * scale + value).evaluated()
            }
        }
    }

    /// How experts are stored.
    enum ExpertNames: String, CaseIterable {
        /// Mixtral's, Qwen's, and one tensor for all experts of a layer.
        case w1 = "w1, w2, w3", projections = "gate, up, down", fused
    }

    /// Replaces each dense network by experts that are copies of it, changed by noise.
    mutating func upcycle(
        experts: Int, noise: Float = 0, names: ExpertNames = .projections,
        third: [String: Tensor] = [:]
    ) throws {
        for layer in 0..<layerCount {
            let prefix = "\(Self.stack)\(layer).mlp."
            var units: [[String: Tensor]] = []
            for expert in 0..<experts {
                var unit: [String: Tensor] = [:]
                for projection in ["gate_proj", "up_proj", "down_proj"] {
                    let name = "\(prefix)\(projection).weight"
                    let other = expert.isMultiple(of: 2) ? nil : third[name]
                    guard let weight = other ?? tensors[name] else { continue }
                    unit[projection] =
                        noise == 0
                        ? weight
                        : weight + Tensor.normal(weight.shape, key: key.next())
                            * (weight.square().mean().sqrt() * noise)
                }
                units.append(unit)
            }
            let width = tensors["\(prefix)gate_proj.weight"]?.shape[1] ?? 1
            for projection in ["gate_proj", "up_proj", "down_proj"] {
                tensors["\(prefix)\(projection).weight"] = nil
            }
            let router = names == .w1 ? "block_sparse_moe.gate.weight" : "mlp.gate.weight"
            tensors["\(Self.stack)\(layer).\(router)"] =
                Tensor.normal([experts, width], key: key.next()) * 0.02
            store(units, as: names, in: layer)
        }
        try evaluate(Array(tensors.values))
    }

    private mutating func store(_ units: [[String: Tensor]], as names: ExpertNames, in layer: Int) {
        let prefix = "\(Self.stack)\(layer)."
        let short = ["gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"]
        for (expert, unit) in units.enumerated() where names != .fused {
            for (projection, tensor) in unit {
                let name =
                    names == .w1
                    ? "block_sparse_moe.experts.\(expert).\(short[projection] ?? "").weight"
                    : "mlp.experts.\(expert).\(projection).weight"
                tensors[prefix + name] = tensor
            }
        }
        guard names == .fused else { return }
        func stacked(_ projections: [String]) -> Tensor {
            Tensor.concatenated(
                units.map { unit in
                    let parts = Tensor.concatenated(projections.compactMap { unit[$0] }, axis: 0)
                    return parts.reshaped([1] + parts.shape)
                }, axis: 0)
        }
        tensors["\(prefix)mlp.experts.gate_up_proj"] = stacked(["gate_proj", "up_proj"])
        tensors["\(prefix)mlp.experts.down_proj"] = stacked(["down_proj"])
    }
}
