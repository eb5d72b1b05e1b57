// SPDX-License-Identifier: Apache-2.0
// Models of random weights, to measure how cost grows with size.

/// A model of random weights in the shape of a known one.
struct RandomModel: Sendable {
    static let all = [
        RandomModel(
            name: "360m", title: "362M parameters, random, shaped as SmolLM2-360M", width: 960,
            layers: 32, heads: 15, keyValueHeads: 5, feedForward: 2560),
        RandomModel(
            name: "1b", title: "1.1B parameters, random, shaped as Llama-3.2-1B", width: 2048,
            layers: 16, heads: 32, keyValueHeads: 8, feedForward: 8192),
    ]

    let name: String
    let title: String
    let width: Int
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    let feedForward: Int

    /// What the script that makes it is told.
    var arguments: [String] {
        [
            ("width", width), ("layers", layers), ("heads", heads), ("kv-heads", keyValueHeads),
            ("feed-forward", feedForward),
        ].flatMap { ["--\($0.0)", String($0.1)] }
    }
}
