// SPDX-License-Identifier: Apache-2.0
// The one function through which every linear map of a decoder passes.

import Tensors

/// A linear map, its optional bias and its optional low-rank adapter.
struct Linear {
    /// What an adapter adds: `scale * (x down') up'`.
    struct Adapter {
        /// `[rank, in]`, PEFT's `lora_A`.
        var down: Tensor
        /// `[out, rank]`, PEFT's `lora_B`.
        var up: Tensor
        var scale: Float
    }

    /// `[out, in]`, the checkpoint's `weight`.
    var weight: Tensor
    /// `[out]`, the checkpoint's `bias`.
    var bias: Tensor?
    var adapter: Adapter?

    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        body(&weight)
        if var changed = bias {
            body(&changed)
            bias = changed
        }
        if var changed = adapter {
            body(&changed.down)
            body(&changed.up)
            adapter = changed
        }
    }

    /// Applies several maps to one input, so that a fused kernel may share its work.
    ///
    /// - Parameters:
    ///   - input: `[..., in]`.
    ///   - maps: Maps of equal input width.
    /// - Returns: `[..., out]` for each map.
    static func project(_ input: Tensor, through maps: [Linear]) -> [Tensor] {
        maps.map { map in
            var output = input.matmul(map.weight.transposed())
            if let bias = map.bias { output = output + bias }
            if let adapter = map.adapter {
                let inner = input.matmul(adapter.down.transposed())
                output = output + inner.matmul(adapter.up.transposed()) * adapter.scale
            }
            return output
        }
    }

    func callAsFunction(_ input: Tensor) -> Tensor { Self.project(input, through: [self])[0] }
}
