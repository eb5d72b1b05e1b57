// SPDX-License-Identifier: Apache-2.0
// Ways of making one checkpoint from another, in memory only.

import Foundation
import Tensors

/// Weights by name, and what is done to them.
struct Weights {
    var tensors: [String: Tensor]
    var key: RandomKey

    /// The matrices of decoder layers.
    var decoder: [String] {
        tensors.keys.filter { $0.contains(".layers.") && tensors[$0]?.rank == 2 }.sorted()
    }

    func names(_ modules: [String]) -> [String] {
        decoder.filter { name in modules.contains { name.contains(".\($0).") } }
    }

    static let writers = ["o_proj", "down_proj"]
    static let all = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    mutating func edit(_ names: [String], _ change: (Tensor, inout RandomKey) -> Tensor) throws {
        for name in names {
            guard let old = tensors[name] else { continue }
            tensors[name] = try change(old, &key).evaluated()
        }
    }

    mutating func cast(to type: ElementType) throws {
        try edit(tensors.keys.sorted()) { weight, _ in
            weight.converted(to: type).converted(to: .float32)
        }
    }

    /// Rounds to levels of groups along the rows; 0 is a row, -1 the tensor.
    mutating func quantise(
        bits: Int, group: Int, isAsymmetric: Bool = false, hasOffset: Bool = false,
        withHalfScales: Bool = false
    ) throws {
        try edit(decoder) { weight, _ in
            let shape = weight.shape
            // Where it does not divide a row, half of it does.
            let fitting = shape[1].isMultiple(of: group == 0 ? 1 : abs(group)) ? group : group / 2
            let size = group == 0 ? shape[1] : group < 0 ? weight.count : min(fitting, shape[1])
            let groups = weight.reshaped([-1, size])
            func half(_ scale: Tensor) -> Tensor {
                withHalfScales ? scale.converted(to: .float16).converted(to: .float32) : scale
            }
            let high = groups.max(axis: -1, keepingDimensions: true)
            let low = groups.min(axis: -1, keepingDimensions: true)
            if hasOffset {
                let top = Float((1 << bits) - 1)
                let (step, least) = (half((high - low) / top), half(low))
                let levels = ((groups - least) / step).round().clipped(0, top)
                return (levels * step + least).reshaped(shape)
            }
            let extreme = high.maximum(low * -1)
            if isAsymmetric {
                // As GGUF's Q4_0: the value of greatest magnitude lies at level -8.
                let edge = Float(1 << (bits - 1))
                let signed = Tensor.where(extreme.equal(high), high, low)
                let step = half(signed / -edge) + signed.equal(0).converted(to: .float32)
                return ((groups / step).round().clipped(-edge, edge - 1) * step).reshaped(shape)
            }
            let top = Float((1 << (bits - 1)) - 1)
            let step = half(extreme / top) + extreme.equal(0).converted(to: .float32)
            return ((groups / step).round().clipped(-top, top) * step).reshaped(shape)
        }
    }

    mutating func prune(share: Double, byRow: Bool = false) throws {
        try edit(decoder) { weight, _ in
            let rows = byRow ? weight : weight.reshaped([1, -1])
            let count = Int(Double(rows.shape[1]) * share)
            let limit = rows.abs().sorted(axis: 1).slice(axis: 1, from: count, to: count + 1)
            return Tensor.where(rows.abs().less(limit), Tensor(0), rows).reshaped(weight.shape)
        }
    }

    /// The two smallest of each four.
    mutating func pruneTwoOfFour() throws {
        try edit(decoder) { weight, _ in
            let groups = weight.reshaped([-1, 4])
            let limit = groups.abs().sorted(axis: 1).slice(axis: 1, from: 2, to: 3)
            return Tensor.where(groups.abs().less(limit), Tensor(0), groups).reshaped(weight.shape)
        }
    }

    /// Whole rows of what widens, at random.
    mutating func pruneRows(share: Float) throws {
        try edit(names(["gate_proj", "up_proj"])) { weight, key in
            let goes = Tensor.uniform([weight.shape[0], 1], key: key.next()).less(share)
            return Tensor.where(goes, Tensor(0), weight)
        }
    }

    mutating func addNoise(_ scale: Float) throws {
        try edit(decoder) { weight, key in
            weight + Tensor.normal(weight.shape, key: key.next())
                * (weight.square().mean().sqrt() * scale)
        }
    }

    /// Adds B A with random factors, as strong as `scale` of each matrix's norm.
    mutating func addAdapters(rank: Int, scale: Float, modules: [String]) throws {
        try edit(names(modules)) { weight, key in
            let b = Tensor.normal([weight.shape[0], rank], key: key.next())
            let a = Tensor.normal([rank, weight.shape[1]], key: key.next())
            // Singular values of trained adapters fall; here to a thirtieth.
            let fall = (Tensor.range(rank).converted(to: .float32) * (-3.4 / Float(rank))).exp()
            let product = (b * fall.reshaped([1, rank])).matmul(a)
            let norm = product.square().sum().sqrt()
            return weight + product * (weight.square().sum().sqrt() * scale / norm)
        }
    }

    /// How a direction is taken out.
    struct Edit {
        var strength: Float = 1
        var keepsRowNorms = false
        /// The edit's best approximation of this rank; 0 is the edit itself.
        var rank = 0
        var perLayer = false
        var layers: ClosedRange<Double> = 0...1
        var editsEmbedding = false
        var modules = Weights.writers
    }

    mutating func direction(_ width: Int) -> Tensor {
        let vector = Tensor.normal([width, 1], key: key.next())
        return vector / vector.square().sum().sqrt()
    }

    mutating func orthogonalise(_ edit: Edit = Edit(), along direction: Tensor? = nil) throws {
        let count = 1 + (decoder.compactMap(Self.layer).max() ?? 0)
        let width = tensors[names(["o_proj"])[0]]?.shape[0] ?? 1
        let shared = direction ?? self.direction(width)
        let own = (0..<count).map { _ in edit.perLayer ? self.direction(width) : shared }
        for name in names(edit.modules) {
            let layer = Self.layer(name) ?? 0
            let place = count > 1 ? Double(layer) / Double(count - 1) : 0
            guard edit.layers.contains(place), let weight = tensors[name] else { continue }
            let r = own[layer]
            var changed = weight - r * edit.strength * r.transposed().matmul(weight)
            if edit.keepsRowNorms {
                func norms(_ matrix: Tensor) -> Tensor {
                    matrix.square().sum(axis: 1, keepingDimensions: true).sqrt()
                }
                changed = changed * (norms(weight) / norms(changed))
            }
            if edit.rank > 0 {
                let (u, s, vt) = (changed - weight).singularValueDecomposition()
                let values = s.slice(axis: 0, from: 0, to: edit.rank).reshaped([1, edit.rank])
                changed =
                    weight
                    + (u.slice(axis: 1, from: 0, to: edit.rank) * values)
                    .matmul(vt.slice(axis: 0, from: 0, to: edit.rank))
            }
            tensors[name] = try changed.evaluated()
        }
        if edit.editsEmbedding {
            try self.edit(["model.embed_tokens.weight"]) { weight, _ in
                weight - weight.matmul(shared).matmul(shared.transposed()) * edit.strength
            }
        }
    }

    /// The point base + weight (third - base) of all tensors.
    mutating func interpolate(with third: [String: Tensor], weight: Float) throws {
        for (name, tensor) in tensors {
            guard let other = third[name] else { continue }
            tensors[name] = try (tensor * (1 - weight) + other * weight).evaluated()
        }
    }

    /// A task vector of which a random share is kept and scaled up (arXiv 2311.03099).
    mutating func addSparse(_ third: [String: Tensor], density: Float) throws {
        for name in tensors.keys.sorted() {
            guard let tensor = tensors[name], let other = third[name] else { continue }
            let mask = Tensor.bernoulli(density, tensor.shape, key: key.next())
            let moved = tensor + (other - tensor) * (1 / density)
            tensors[name] = try Tensor.where(mask, moved, tensor).evaluated()
        }
    }

    static func layer(_ name: String) -> Int? {
        let parts = name.split(separator: ".")
        return parts.firstIndex(of: "layers").flatMap { Int(parts[$0 + 1]) }
    }
}

/// Random weights of a Llama of some shape.
func randomWeights(
    width: Int, feedForward: Int, layers: Int, keyWidth: Int, vocabulary: Int, seed: UInt64
) throws -> [String: Tensor] {
    var key = RandomKey(seed: seed)
    var tensors: [String: Tensor] = [:]
    func add(_ name: String, _ shape: [Int]) throws {
        // Rows and columns of trained matrices differ in size.
        let rows = (Tensor.normal([shape[0], 1], key: key.next()) * 0.3).exp()
        let columns = (Tensor.normal([1, shape[1]], key: key.next()) * 0.3).exp()
        let scale = 1 / Float(shape[1]).squareRoot()
        tensors[name] = try (Tensor.normal(shape, key: key.next()) * rows * columns * scale)
            .evaluated()
    }
    try add("model.embed_tokens.weight", [vocabulary, width])
    tensors["model.norm.weight"] =
        Tensor.ones([width]) + Tensor.normal([width], key: key.next()) * 0.1
    for layer in 0..<layers {
        let name = "model.layers.\(layer)."
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            tensors["\(name)\(norm).weight"] =
                Tensor.ones([width]) + Tensor.normal([width], key: key.next()) * 0.1
        }
        try add("\(name)self_attn.q_proj.weight", [width, width])
        try add("\(name)self_attn.k_proj.weight", [keyWidth, width])
        try add("\(name)self_attn.v_proj.weight", [keyWidth, width])
        try add("\(name)self_attn.o_proj.weight", [width, width])
        try add("\(name)mlp.gate_proj.weight", [feedForward, width])
        try add("\(name)mlp.up_proj.weight", [feedForward, width])
        try add("\(name)mlp.down_proj.weight", [width, feedForward])
    }
    try evaluate(Array(tensors.values))
    return tensors
}
