// SPDX-License-Identifier: Apache-2.0
// Who may attend to whom in a batch, and at which position everybody stands.

import Tensors

/// The positions and masks of one forward pass, shared by its layers.
struct AttentionLayout {
    /// The number of positions held before this pass.
    let past: Int
    /// The number of positions of this pass.
    let length: Int
    let padding: [Int]
    /// Reciprocal radians per position, `[head width / 2]`.
    let periods: Tensor
    /// The position of each row's first column, `[batch]`; nil when all are `past`.
    let offsets: Tensor?
    private var masks: [Int?: AttentionMask] = [:]

    init(
        configuration: DecoderConfiguration, past: Int, length: Int, padding: [Int]
    ) {
        self.past = past
        self.length = length
        self.padding = padding
        let values = configuration.attention.rotary.periods(
            dimension: configuration.attention.headDimension)
        periods = Tensor(values, shape: [values.count])
        offsets =
            padding.allSatisfy { $0 == 0 }
            ? nil : Tensor(padding.map { Int32(past - $0) }, shape: [padding.count])
        for layer in 0..<configuration.layerCount {
            let window = configuration.window(ofLayer: layer)
            if masks[window] == nil { masks[window] = makeMask(window: window) }
        }
    }

    /// The mask of a layer that sees the last `window` positions, or all.
    func mask(window: Int?) -> AttentionMask { masks[window] ?? .causal }

    private func makeMask(window: Int?) -> AttentionMask {
        let total = past + length
        let window = window.flatMap { $0 < total ? $0 : nil }
        if offsets == nil, window == nil {
            return length == 1 ? .none : past == 0 ? .causal : .tensor(columns(total, nil))
        }
        return .tensor(columns(total, window))
    }

    /// `[batch or 1, 1, length, total]`, true where a query may look.
    ///
    /// Columns of padding look at themselves and at padding, so that no row of scores is empty.
    private func columns(_ total: Int, _ window: Int?) -> Tensor {
        let keys = Tensor.range(total).reshaped([1, 1, 1, total])
        let queries = Tensor.range(total).slice(axis: 0, from: past, to: total)
            .reshaped([1, 1, length, 1])
        var allowed = keys.lessOrEqual(queries)
        if let window {
            let first = queries - Tensor([Int32(window)], shape: [1])
            allowed = allowed.logicalAnd(keys.greater(first))
        }
        if offsets != nil {
            let start = Tensor(padding.map { Int32($0) }, shape: [padding.count, 1, 1, 1])
            let isReal = keys.greaterOrEqual(start).logicalOr(queries.less(start))
            allowed = allowed.logicalAnd(isReal)
        }
        return allowed
    }

    /// Turns queries or keys `[batch, heads, length, head width]` to their positions.
    func turned(_ heads: Tensor, dimension: Int) -> Tensor {
        if let offsets {
            return heads.rope(
                dimensions: dimension, traditional: false, base: nil, scale: 1, offset: offsets,
                frequencies: periods)
        }
        return heads.rope(
            dimensions: dimension, traditional: false, base: nil, scale: 1, offset: past,
            frequencies: periods)
    }
}
