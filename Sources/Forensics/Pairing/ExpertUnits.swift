// SPDX-License-Identifier: Apache-2.0
// The feed-forward networks of a layer as units of three projections: one dense network, or experts.

import Foundation

/// The feed-forward networks of one layer.
struct ExpertUnits {
    /// A network by its projections: `gate_proj`, `up_proj`, `down_proj`.
    typealias Unit = [String: WeightEntry]

    /// The dense network, or the shared one beside experts, under the key of its names.
    private(set) var dense: [String: Unit] = [:]
    private(set) var experts: [Int: Unit] = [:]
    /// The names, within the layer, of the tensors that hold experts.
    private(set) var expertNames: Set<String> = []
    /// The names of all tensors that stand in the units or route between them.
    private(set) var names: Set<String> = []

    private static let projections = [
        "gate_proj": "gate_proj", "up_proj": "up_proj", "down_proj": "down_proj",
        "w1": "gate_proj", "w3": "up_proj", "w2": "down_proj",
        "ffn_gate_exps": "gate_proj", "ffn_up_exps": "up_proj", "ffn_down_exps": "down_proj",
    ]
    /// The most experts of a tensor. A file may claim as many as it has weights.
    private static let mostExperts = 4_096
    private static let routing = ["gate", "router", "ffn_gate_inp", "shared_expert_gate"]

    /// Finds the units among a layer's tensors.
    ///
    /// - Parameter layer: The tensors by their names within the layer.
    init(_ layer: [String: WeightEntry]) {
        for (inner, entry) in layer {
            let parts = inner.split(separator: ".").map(String.init).filter { $0 != "weight" }
            guard let last = parts.last, entry.isMatrix else { continue }
            let projection = Self.projections[last]
            if let place = parts.firstIndex(of: "experts"), place + 1 < parts.count,
                let expert = Int(parts[place + 1]), (0..<Self.mostExperts).contains(expert)
            {
                guard let projection else { continue }
                experts[expert, default: [:]][projection] = entry
                expertNames.insert(inner)
            } else if entry.shape.count == 3 {
                guard addFused(entry, last) else { continue }
                expertNames.insert(inner)
            } else if Self.routing.contains(last) {
                // A router is no unit, but it comes and goes with the experts.
            } else if let projection, parts.count > 1 {
                dense[parts.dropLast().joined(separator: "."), default: [:]][projection] = entry
            } else {
                continue
            }
            names.insert(inner)
        }
    }

    /// Adds a tensor `[experts, out, in]` of all experts.
    private mutating func addFused(_ entry: WeightEntry, _ module: String) -> Bool {
        let (count, height) = (entry.shape[0], entry.shape[1])
        guard count <= Self.mostExperts else { return false }
        func add(_ projection: String, _ rows: Range<Int>, of expert: Int) {
            let name = "\(entry.name).\(expert).\(projection)"
            experts[expert, default: [:]][projection] = entry.part(
                expert * height + rows.lowerBound..<expert * height + rows.upperBound, name: name)
        }
        for expert in 0..<count {
            if module == "gate_up_proj", height.isMultiple(of: 2) {
                add("gate_proj", 0..<height / 2, of: expert)
                add("up_proj", height / 2..<height, of: expert)
            } else if let projection = Self.projections[module] {
                add(projection, 0..<height, of: expert)
            } else {
                return false
            }
        }
        return true
    }
}

extension ExpertUnits {
    /// A network that an expert may have been made from; `expert` is nil for a dense one.
    typealias Candidate = (parent: Parent, expert: Int?, unit: Unit)

    /// Returns all networks, the dense ones first.
    func candidates(of parent: Parent) -> [Candidate] {
        dense.sorted { $0.key < $1.key }.map { (parent, nil, $0.value) }
            + experts.sorted { $0.key < $1.key }.map { (parent, $0.key, $0.value) }
    }
}

/// The experts of a derived layer, each with the network that it was made from.
struct ExpertMap {
    /// A network of a parent's layer; `expert` is nil for a dense one.
    struct Origin: Hashable {
        let parent: Parent
        let expert: Int?
    }

    /// The layer of the derived checkpoint.
    let layer: Int
    /// The number of its experts, and of those of the base's layer: none if that one is dense.
    let count: Int
    let baseCount: Int
    /// The origins by expert. An expert that is related to none has none.
    let origins: [Int: Origin]
}
