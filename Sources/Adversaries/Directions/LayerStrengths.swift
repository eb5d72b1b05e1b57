// SPDX-License-Identifier: Apache-2.0
// Orthogonalisation that is stronger in some layers than in others.

import LanguageModels
import Tensors

/// How strongly the layers are orthogonalised, and to which directions.
struct LayerStrengths {
    /// The strength of each component over the layers, in the shape of a tent: full strength at its
    /// centre, a share of it less at its ends, and zero beyond.
    struct Tent: Hashable {
        var most, least, centre, reach: Double

        func height(at layer: Int) -> Double {
            let distance = abs(Double(layer) - centre)
            guard distance <= reach else { return 0 }
            return most + (least - most) * (reach > 0 ? distance / reach : 0)
        }
    }

    /// The parameters at a point of the unit cube: the kind of direction, its index, and four
    /// numbers for each component.
    static let choices = [2] + Array(repeating: 0, count: 9)

    var output: Tent
    var down: Tent
    /// The position among the layers of the direction that all layers share; nil when each layer
    /// has its own.
    var shared: Double?

    init(output: Tent, down: Tent, shared: Double? = nil) {
        (self.output, self.down, self.shared) = (output, down, shared)
    }

    init(at place: [Double], layers: Int) {
        let depth = Double(layers - 1)
        func number(_ index: Int, _ lower: Double, _ upper: Double) -> Double {
            lower + (upper - lower) * place[index]
        }
        func tent(_ first: Int) -> Tent {
            let most = number(first, 0.8, 1.5)
            return Tent(
                most: most, least: most * number(first + 1, 0, 1),
                centre: depth * number(first + 2, 0.6, 1),
                reach: max(1, depth * number(first + 3, 0, 0.6)))
        }
        (output, down) = (tent(2), tent(6))
        shared = place[0] < 0.5 ? nil : depth * number(1, 0.4, 0.9)
    }

    func strength(of projection: LayerProjection, inLayer layer: Int) -> Double {
        (projection == .down ? down : output).height(at: layer)
    }

    /// Returns the unit vector of a layer, `[width]`, from the directions in front of each layer
    /// and after the last.
    func direction(ofLayer layer: Int, among directions: Tensor) -> Tensor {
        func row(_ index: Int) -> Tensor {
            directions.slice(axis: 0, from: index, to: index + 1).flattened()
        }
        // The output of a layer is the input of the next.
        guard let shared else { return row(layer + 1) }
        let lower = Int(shared)
        let rest = Float(shared - Double(lower))
        let upper = min(lower + 2, (directions.shape.first ?? 1) - 1)
        return (row(lower + 1) * (1 - rest) + row(upper) * rest).normalisedRows
    }
}

extension LanguageModel {
    /// Returns the model whose layers write less along a direction: W becomes (I - s r r') W for
    /// the matrices of attention and feed-forward that write to the residual stream.
    ///
    /// - Parameters:
    ///   - keepsNorms: Whether each row of W is then scaled to its old norm.
    ///   - strength: The strength s of a projection of a layer; 0 does not change it.
    ///   - direction: The unit vector r of a layer, `[width]`.
    /// - Returns: A model that shares all other weights.
    /// - Throws: Errors of the engine.
    func orthogonalised(
        keepingRowNorms keepsNorms: Bool, strength: (LayerProjection, Int) -> Double,
        direction: (Int) -> Tensor
    ) throws -> LanguageModel {
        var edited: [String: Tensor] = [:]
        for layer in 0..<configuration.layerCount {
            for (projection, name) in configuration.writers(ofLayer: layer) {
                let factor = Float(strength(projection, layer))
                guard factor != 0, let weight = weights[name] else { continue }
                let r = direction(layer)
                let column = r.reshaped([r.count, 1])
                let changed = weight - column * factor * r.reshaped([1, r.count]).matmul(weight)
                edited[name] =
                    keepsNorms
                    ? changed * (weight.rowNorms / changed.rowNorms.maximum(1e-12)) : changed
            }
        }
        try evaluate(Array(edited.values))
        return try replacing(edited)
    }
}

extension Tensor {
    /// The Euclidean norm along the last axis, which is kept with extent 1.
    var rowNorms: Tensor {
        square().sum(axis: -1, keepingDimensions: true).sqrt()
    }

    /// The same directions along the last axis with norm 1. Zero stays zero.
    var normalisedRows: Tensor { self / rowNorms.maximum(1e-12) }
}
