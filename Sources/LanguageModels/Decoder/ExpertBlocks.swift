// SPDX-License-Identifier: Apache-2.0
// The tokens of a batch ordered by expert, so that an expert is multiplied with many at once.

import Tensors

/// Rows of tokens in blocks of one expert each. Which token is where is computed with the batch, so
/// nothing waits for the router.
struct ExpertBlocks {
    /// The rows of a block.
    private static let size = 32

    /// The number of blocks.
    private let count: Int
    /// The token of each row of the blocks; any token where a block is not full.
    private let tokens: Tensor
    /// The rows of the blocks that hold each token's experts, `[tokens * experts of a token]`.
    private let rows: Tensor
    /// The expert of each block, `[blocks, 1]`.
    let experts: Tensor

    /// Orders tokens by their experts; nil if blocks would be nearly empty.
    ///
    /// - Parameters:
    ///   - chosen: `[tokens, experts of a token]`.
    ///   - expertCount: The number of experts.
    init?(_ chosen: Tensor, expertCount: Int) {
        let total = chosen.count
        guard total >= 4 * expertCount, let each = chosen.shape.last, each > 0 else { return nil }
        let size = Self.size
        count = total / size + expertCount
        func integers(_ tensor: Tensor) -> Tensor { tensor.converted(to: .int32) }
        let expert = integers(chosen).flattened()
        let all = Tensor.range(expertCount)
        // For each expert: its tokens, the blocks that they fill, and where both begin.
        let used = integers(expert.expanded(at: 1).equal(all).sum(axis: 0))
        let filled = (used + (size - 1)).converted(to: .float32) * (1 / Float(size))
        let blocks = integers(filled.floor())
        let usedEnds = used.cumulativeSum(axis: 0)
        let blockEnds = blocks.cumulativeSum(axis: 0)
        let starts = (blockEnds - blocks) * size - (usedEnds - used)
        // Rows in the order of their experts, and each row's place in that order.
        let place = integers(expert.argSorted(axis: 0).argSorted(axis: 0))
        rows = integers(starts.take(expert, axis: 0) + place)
        let owners = Tensor((0..<total).map { Int32(clamping: $0 / each) }, shape: [total])
        tokens = Tensor.zeros([count * size], type: .int32)
            .scatterAddAlong(owners, at: rows, axis: 0)
        let passed = Tensor.range(count).expanded(at: 1).greaterOrEqual(blockEnds)
        let first = integers(passed.sum(axis: 1))
        experts = first.minimum(expertCount - 1).expanded(at: 1)
    }

    /// Returns the rows of the blocks.
    ///
    /// - Parameter input: `[tokens, width]`.
    /// - Returns: `[blocks, 1, rows, width]`.
    func gathered(_ input: Tensor) -> Tensor {
        input.take(tokens, axis: 0).reshaped([count, 1, Self.size, -1])
    }

    /// Returns what the blocks hold for each token.
    ///
    /// - Parameter blocks: `[blocks, 1, rows, width]`.
    /// - Returns: `[tokens * experts of a token, width]`.
    func scattered(_ blocks: Tensor) -> Tensor {
        blocks.reshaped([count * Self.size, -1]).take(rows, axis: 0)
    }
}
