// SPDX-License-Identifier: Apache-2.0
// The goldens of a decoder's layers, the layers that they are of, and their inputs.

import Foundation
import Tensors
import Testing

/// What `make-layers.py` wrote.
struct LayerGolden: Decodable {
    struct Input: Decodable {
        let shape: [Int]
        let scale: Float
    }

    struct Summary: Decodable {
        let norm: Double
        let products: [Double]
    }

    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let inputs: [Input]
        let outputs: [Summary]
        let gradients: [Summary]
        /// The gradients of the gradients, in the goldens that have them.
        var second: [Summary]?
        var targets: [Int32]?
        var frequencies: [Float]?
        var segments: [[Int]]?
        var window: Int?
        var scale: Float?
        var cap: Float?
        var count: Int?
        var rank: Int?
        var bias: Bool?

        var testDescription: String { name }
    }

    let crossEntropy: [Case]
    let gated: [Case]
    let attention: [Case]
    let projection: [Case]
    let norm: [Case]

    static let shared: LayerGolden? = try? golden("layers")
    static let second: LayerGolden? = try? golden("second-order")
}

/// The hash of `make-layers.py`: numbers in [-1, 1).
func noise(_ seed: Int, _ shape: [Int], scale: Float = 1) -> Tensor {
    Tensor(noiseValues(seed, shape.reduce(1, *)).map { $0 * scale }, shape: shape)
}

func noiseValues(_ seed: Int, _ count: Int) -> [Float] {
    (0..<count).map { index in
        var h = UInt32(truncatingIfNeeded: index + 1) &* 0x9E37_79B1
        h &+= UInt32(truncatingIfNeeded: seed &* 0x85EB_CA77)
        h ^= h >> 16
        h &*= 0x7FEB_352D
        h ^= h >> 15
        h &*= 0x846C_A68B
        h ^= h >> 16
        return Float(h >> 8) / 8_388_608 - 1
    }
}

/// The layer of a case, which must be of the kind.
extension LayerGolden.Case {
    typealias Layer = ([Tensor]) throws -> [Tensor]

    var crossEntropy: Layer {
        get throws {
            let targets = try #require(targets)
            return { inputs in
                [
                    .linearCrossEntropy(
                        hidden: inputs[0], weight: inputs[1],
                        targets: Tensor(targets, shape: [targets.count]))
                ]
            }
        }
    }

    var gated: Layer {
        { [name] inputs in
            switch name {
            case "silu": [.swiGLU(gate: inputs[0], up: inputs[1])]
            case "gelu": [.geGLU(gate: inputs[0], up: inputs[1], approximate: false)]
            default: [.geGLU(gate: inputs[0], up: inputs[1])]
            }
        }
    }

    var attention: Layer {
        get throws {
            let frequencies = try #require(frequencies)
            let segments = try #require(segments).map {
                Segment(length: $0[0], parent: $0[1] < 0 ? nil : $0[1])
            }
            let rule = AttentionRule(
                frequencies: Tensor(frequencies, shape: [frequencies.count]),
                window: try #require(window), scale: try #require(scale),
                softCap: try #require(cap))
            return { inputs in
                [
                    .causalAttention(
                        queries: inputs[0], keys: inputs[1], values: inputs[2],
                        segments: segments, rule: rule)
                ]
            }
        }
    }

    var projection: Layer {
        get throws {
            let count = try #require(count)
            return { [bias, rank] inputs in
                var rest = inputs.dropFirst()
                let projections = (0..<count).map { _ in
                    var projection = Projection(weight: rest.removeFirst())
                    if bias == true { projection.bias = rest.removeFirst() }
                    if rank != 0 {
                        let down = rest.removeFirst()
                        projection.lowRank = .init(down: down, up: rest.removeFirst(), scale: 2)
                    }
                    return projection
                }
                return inputs[0].projected(by: projections)
            }
        }
    }

    /// A residual norm, or a norm alone.
    var norm: Layer {
        { inputs in
            guard inputs.count > 2 else {
                return [inputs[0].rmsNorm(weight: inputs[1], epsilon: 1e-5)]
            }
            let (sum, normalised) = inputs[0].addingThenRMSNorm(
                inputs[1], weight: inputs[2], epsilon: 1e-5)
            return [sum, normalised]
        }
    }

    /// The inputs, which are not stored.
    var tensors: [Tensor] {
        inputs.enumerated().map {
            noise($0.offset + 1, $0.element.shape, scale: $0.element.scale)
        }
    }
}

/// Expects the norm of a tensor, and its products with some vectors, to be those of a golden.
func expectAgreement(
    _ tensor: Tensor, _ wanted: LayerGolden.Summary, relative: Double = 1e-4, _ what: String
) throws {
    let values = try tensor.values().map(Double.init)
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    // A gradient that cancels to zero is left with the rounding of its terms.
    let bound = relative * wanted.norm + 3e-6
    #expect(abs(norm - wanted.norm) <= bound, "\(what): norm \(norm), not \(wanted.norm)")
    for (index, product) in wanted.products.enumerated() {
        let vector = noiseValues(1000 + index, values.count)
        let got = zip(values, vector).reduce(0) { $0 + $1.0 * Double($1.1) }
        #expect(
            abs(got - product) <= bound, "\(what): product \(index) \(got), not \(product)")
    }
}
