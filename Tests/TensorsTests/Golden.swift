// SPDX-License-Identifier: Apache-2.0
// The goldens of PyTorch, which the scripts beside them made.

import Foundation
import Tensors
import Testing

/// What `make-tensors.py` wrote.
struct TensorGolden: Decodable {
    struct Elementwise: Decodable {
        let input: [Float]
        let outputs: [String: [Float]]
        let positive: [Float]
        let positiveOutputs: [String: [Float]]
    }

    struct Reductions: Decodable {
        let input: [Float]
        let outputs: [String: [Float]]
    }

    struct Network: Decodable {
        let data: [Float]
        let labels: [Int32]
        let parameters: [[Float]]
        let loss: Float
        let gradients: [[Float]]
        let norm: Float
        let clipped: [[Float]]
    }

    struct Training: Decodable {
        let losses: [Float]
        let parameters: [[Float]]
    }

    struct Fused: Decodable {
        let queries: [Float], keys: [Float], values: [Float]
        let rotated: [Float], attention: [Float], causal: [Float]
    }

    let elementwise: Elementwise
    let reductions: Reductions
    let network: Network
    let optimizers: [String: Training]
    let schedules: [String: [Float]]
    let fused: Fused

    static func load() throws -> TensorGolden { try golden("tensors") }
}

/// Reads a golden by its name.
func golden<Golden: Decodable>(_ name: String) throws -> Golden {
    let url = try #require(
        Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Goldens"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
}
