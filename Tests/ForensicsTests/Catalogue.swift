// SPDX-License-Identifier: Apache-2.0
// The derivatives that the verdicts are validated on: each with the verdict that is right.

import Records
import Tensors

/// One derivative: what is done, and what an inspection should say.
struct Derivative {
    let label: String
    let expected: InspectionKind
    /// Whether it is a plain kind, an evasion, a composition, or built differently.
    var group = Group.plain
    var needsThird = false
    /// A number of the operation, and how far it may be off.
    var number: (name: String, value: Double, tolerance: Double)?
    /// The origin of each layer, where layers were rearranged.
    var origins: [Weights.Origin]?
    let make: (inout Weights, _ third: [String: Tensor]) throws -> Void

    enum Group: String, CaseIterable {
        case plain, evasion, composed, structure
    }
}

/// What is made of every base.
func derivatives() -> [Derivative] {
    var list: [Derivative] = []
    func add(
        _ label: String, _ expected: InspectionKind, _ group: Derivative.Group = .plain,
        needsThird: Bool = false, number: (String, Double, Double)? = nil,
        _ make: @escaping (inout Weights, [String: Tensor]) throws -> Void
    ) {
        list.append(
            Derivative(
                label: label, expected: expected, group: group, needsThird: needsThird,
                number: number, make: make))
    }
    /// The same twice: as it is, and rounded to bfloat16 afterwards.
    func addBoth(
        _ label: String, _ expected: InspectionKind, _ group: Derivative.Group = .plain,
        needsThird: Bool = false, number: (String, Double, Double)? = nil,
        _ make: @escaping (inout Weights, [String: Tensor]) throws -> Void
    ) {
        add(label, expected, group, needsThird: needsThird, number: number, make)
        add(label + ", bf16", expected, group, needsThird: needsThird, number: number) {
            try make(&$0, $1)
            try $0.cast(to: .bfloat16)
        }
    }
    add("nothing", .reserialised) { _, _ in }
    add("bf16", .cast) { weights, _ in try weights.cast(to: .bfloat16) }
    add("f16", .cast) { weights, _ in try weights.cast(to: .float16) }
    for (bits, group) in [(8, 0), (8, -1), (8, 32), (4, 128), (4, 32), (4, 0), (3, 64)] {
        let place = group == 0 ? "row" : group < 0 ? "tensor" : "\(group)"
        add("int\(bits) by \(place)", .quantised, number: ("bits", Double(bits), 0)) { weights, _ in
            try weights.quantise(bits: bits, group: group)
        }
    }
    add("int4 by 32, bf16", .quantised) { weights, _ in
        try weights.quantise(bits: 4, group: 32)
        try weights.cast(to: .bfloat16)
    }
    add("Q8_0", .quantised) { weights, _ in
        try weights.quantise(bits: 8, group: 32, withHalfScales: true)
    }
    add("Q4_0", .quantised) { weights, _ in
        try weights.quantise(bits: 4, group: 32, isAsymmetric: true, withHalfScales: true)
    }
    add("Q4_1", .quantised) { weights, _ in
        try weights.quantise(bits: 4, group: 32, hasOffset: true, withHalfScales: true)
    }
    add("int4 by 64 with offset", .quantised) { weights, _ in
        try weights.quantise(bits: 4, group: 64, hasOffset: true)
    }
    for share in [0.05, 0.3, 0.7] {
        addBoth("pruned \(share)", .pruned, number: ("share", share, 0.01)) { weights, _ in
            try weights.prune(share: share)
        }
    }
    add("pruned 0.5 by row", .pruned) { weights, _ in try weights.prune(share: 0.5, byRow: true) }
    add("pruned 2:4", .pruned) { weights, _ in try weights.pruneTwoOfFour() }
    add("pruned rows", .pruned) { weights, _ in try weights.pruneRows(share: 0.25) }
    for scale in [0.001, 0.02, 0.3] as [Float] {
        add(
            "noise \(scale)", .noise,
            number: ("relativeChange", Double(scale), Double(scale) * 0.05)
        ) { weights, _ in try weights.addNoise(scale) }
    }
    add("noise 0.02, bf16", .noise) { weights, _ in
        try weights.addNoise(0.02)
        try weights.cast(to: .bfloat16)
    }
    let adapters: [(Int, Float, [String])] = [
        (1, 0.003, ["q_proj", "v_proj"]), (4, 0.02, Weights.all), (8, 0.1, ["q_proj", "v_proj"]),
        (4, 0.05, Weights.writers), (1, 0.05, ["down_proj"]),
    ]
    for (rank, scale, modules) in adapters {
        addBoth(
            "LoRA rank \(rank), \(scale), \(modules.count) modules", .lora,
            number: ("rank", Double(rank), 0)
        ) { weights, _ in
            try weights.addAdapters(rank: rank, scale: scale, modules: modules)
        }
    }
    for strength in [0.5, 1, 1.3] as [Float] {
        addBoth(
            "orthogonalised \(strength)", .orthogonalised,
            number: ("greatestStrength", Double(strength), 0.02)
        ) { weights, _ in
            try weights.orthogonalise(.init(strength: strength))
        }
    }
    add("orthogonalised with the embedding", .orthogonalised) { weights, _ in
        try weights.orthogonalise(.init(editsEmbedding: true))
    }
    addBoth("reflected (Householder)", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise(.init(strength: 2))
    }
    addBoth("row norms kept", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise(.init(keepsRowNorms: true))
    }
    addBoth("row norms kept, rank 3", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise(.init(keepsRowNorms: true, rank: 3))
    }
    addBoth("a direction for each layer", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise(.init(strength: 0.9, perLayer: true))
    }
    addBoth("half of the layers, down_proj only", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise(
            .init(strength: 0.6, layers: 0.5...1, modules: ["down_proj"]))
    }
    add("two directions, one after the other", .orthogonalised, .evasion) { weights, _ in
        try weights.orthogonalise()
        try weights.orthogonalise()
    }
    for weight in [0.3, 0.7, 1.5, -0.5] as [Float] {
        addBoth(
            "merged \(weight)", .merged, needsThird: true, number: ("weight", Double(weight), 0.01)
        ) { weights, third in
            try weights.interpolate(with: third, weight: weight)
        }
    }
    add("merged, a fifth of the task vector", .merged, needsThird: true) { weights, third in
        try weights.addSparse(third, density: 0.2)
    }
    add("LoRA, then orthogonalised", .composed, .composed) { weights, _ in
        try weights.addAdapters(rank: 4, scale: 0.05, modules: Weights.all)
        try weights.orthogonalise()
    }
    add("orthogonalised, then LoRA on q, v", .composed, .composed) { weights, _ in
        try weights.orthogonalise()
        try weights.addAdapters(rank: 4, scale: 0.05, modules: ["q_proj", "v_proj"])
    }
    add("LoRA, then int8", .composed, .composed) { weights, _ in
        try weights.addAdapters(rank: 4, scale: 0.1, modules: Weights.all)
        try weights.quantise(bits: 8, group: 0)
    }
    add("orthogonalised, then int8", .composed, .composed) { weights, _ in
        try weights.orthogonalise()
        try weights.quantise(bits: 8, group: 0)
    }
    add("orthogonalised, then int4", .composed, .composed) { weights, _ in
        try weights.orthogonalise()
        try weights.quantise(bits: 4, group: 32)
    }
    add("LoRA, then pruned", .composed, .composed) { weights, _ in
        try weights.addAdapters(rank: 4, scale: 0.1, modules: Weights.all)
        try weights.prune(share: 0.3)
    }
    add("pruned, then LoRA on q, v", .composed, .composed) { weights, _ in
        try weights.prune(share: 0.3)
        try weights.addAdapters(rank: 4, scale: 0.1, modules: ["q_proj", "v_proj"])
    }
    add("pruned, then int4", .composed, .composed) { weights, _ in
        try weights.prune(share: 0.6)
        try weights.quantise(bits: 4, group: 32)
    }
    return list
}
