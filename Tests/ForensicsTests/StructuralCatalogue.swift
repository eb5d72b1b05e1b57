// SPDX-License-Identifier: Apache-2.0
// Derivatives that are built differently from their base, each with the verdict that is right.

import Records
import Tensors

/// What is built of every base, which has three layers or more.
///
/// - Parameter layers: The base's number of layers.
/// - Returns: The derivatives.
func structuralDerivatives(layers: Int) -> [Derivative] {
    typealias Origins = [Weights.Origin]
    var list: [Derivative] = []
    func add(
        _ label: String, _ expected: InspectionKind, needsThird: Bool = false,
        number: (String, Double)? = nil, order: ArraySlice<Weights.Origin>? = nil,
        _ make: @escaping (inout Weights, [String: Tensor]) throws -> Void = { _, _ in }
    ) {
        list.append(
            Derivative(
                label: label, expected: expected, group: .structure, needsThird: needsThird,
                number: number.map { ($0.0, $0.1, 0) }, origins: order.map(Array.init)
            ) { weights, third in
                if let order { try weights.arrange(Array(order), third: third) }
                try make(&weights, third)
            })
    }
    let own: Origins = (0..<layers).map { .base($0) }
    let thirds: Origins = (0..<layers).map { .third($0) }
    for filling in Weights.Filling.allCases {
        add("7 rows added, \(filling.rawValue)", .resized, number: ("new", 7)) { weights, _ in
            try weights.resizeVocabulary(by: 7, with: filling)
        }
    }
    add("5 rows dropped", .resized, number: ("dropped", 5)) { weights, _ in
        try weights.resizeVocabulary(by: -5)
    }
    add("each other row dropped", .resized) { weights, _ in try weights.thinVocabulary() }
    add("a row added, bf16", .resized, number: ("new", 1)) { weights, _ in
        try weights.resizeVocabulary(by: 1)
        try weights.cast(to: .bfloat16)
    }
    add("a row added, all others random", .composed) { weights, _ in
        try weights.randomiseEmbedding()
        try weights.resizeVocabulary(by: 1)
    }
    add("a row added, then LoRA", .composed) { weights, _ in
        try weights.resizeVocabulary(by: 1)
        try weights.addAdapters(rank: 4, scale: 0.05, modules: Weights.all)
    }
    add("a layer repeated", .grown, order: own[...1] + own[1...])
    add(
        "each layer but the first repeated", .grown,
        order: own.flatMap { [$0, $0] }.dropFirst())
    add(
        "identity blocks inserted", .grown,
        order: own.indices.flatMap { [own[$0], .silent($0)] }[...])
    add(
        "a random layer inserted", .grown, number: ("new", 1), order: [own[0], .random] + own[1...])
    add("a layer repeated, bf16", .grown, order: own[...1] + own[1...]) { weights, _ in
        try weights.cast(to: .bfloat16)
    }
    add("a layer repeated, then noise", .composed, order: own[...1] + own[1...]) { weights, _ in
        try weights.addNoise(0.02)
    }
    add("the first layer dropped", .shortened, number: ("dropped", 1), order: own[1...])
    add("the second layer dropped", .shortened, order: [own[0]] + own[2...])
    add("all but the first layer dropped", .shortened, order: [own[0]])
    add("a layer dropped, then int8", .composed, order: [own[0]] + own[2...]) { weights, _ in
        try weights.quantise(bits: 8, group: 0)
    }
    add("a layer dropped, then orthogonalised", .composed, order: own[1...]) { weights, _ in
        try weights.orthogonalise()
    }
    add("a layer dropped, then LoRA", .composed, order: [own[0]] + own[2...]) { weights, _ in
        try weights.addAdapters(rank: 4, scale: 0.05, modules: Weights.all)
    }
    add("a block of layers repeated", .frankenmerged, order: own[...1] + own)
    add("the stack twice", .frankenmerged, order: (own + own)[...])
    add("layers exchanged", .frankenmerged, order: [own[0]] + own[1...].reversed())
    add(
        "layers of both, alternating", .frankenmerged, needsThird: true,
        order: own.indices.map { $0.isMultiple(of: 2) ? own[$0] : thirds[$0] }[...])
    add(
        "layers of both, stacked", .frankenmerged, needsThird: true, order: own[...1] + thirds[1...]
    )
    add(
        "layers of both, stacked, bf16", .frankenmerged, needsThird: true,
        order: own[...1] + thirds[1...]
    ) { weights, _ in try weights.cast(to: .bfloat16) }
    add("a head of its own", .composed) { weights, _ in try weights.untieHead(noise: 0.1) }
    add("the head stored beside the embedding", .reserialised) { weights, _ in
        try weights.untieHead(noise: 0)
    }
    add("biases added", .tensorsAdded, number: ("neutral", 0)) { weights, _ in
        try weights.addVectors(["q_proj.bias", "o_proj.bias"], scale: 0.1)
    }
    add("biases of zero added", .tensorsAdded, number: ("neutral", Double(layers))) { weights, _ in
        try weights.addVectors(["q_proj.bias"], scale: 0)
    }
    add("norms of queries added", .tensorsAdded, number: ("neutral", Double(layers))) {
        weights, _ in
        try weights.addVectors(["q_norm.weight"], scale: 0, around: 1)
    }
    add("norms removed", .tensorsRemoved) { weights, _ in
        weights.tensors = weights.tensors.filter { !$0.key.contains("post_attention_layernorm") }
    }
    for names in Weights.ExpertNames.allCases {
        add("experts, \(names.rawValue)", .upcycled, number: ("experts", 4)) { weights, _ in
            try weights.upcycle(experts: 4, names: names)
        }
    }
    add("experts, then noise", .composed, number: nil) { weights, _ in
        try weights.upcycle(experts: 4, noise: 0.02)
    }
    add("experts of both", .upcycled, needsThird: true) { weights, third in
        try weights.upcycle(experts: 4, third: third)
    }
    return list
}
