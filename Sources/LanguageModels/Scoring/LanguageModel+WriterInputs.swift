// SPDX-License-Identifier: Apache-2.0
// The inputs of the projections that write to the residual stream.

import JSONText
package import Tensors

extension LanguageModel {
    /// Returns the inputs after prompts of the projections that write to the residual stream.
    ///
    /// - Parameter prompts: Token identifiers; none empty.
    /// - Returns: For each layer, the inputs of its output and its down projection after the last
    ///   token of each prompt: `[prompts, heads' width]` and `[prompts, feed-forward width]`. A
    ///   layer of experts has only the first, because each expert has inputs of its own.
    /// - Throws: `InputError` for empty or too long prompts.
    package func writerInputs(
        behind prompts: [[Int]]
    ) throws -> [[LayerProjection: Tensor]] {
        try checkPrompts(prompts)
        guard !prompts.isEmpty else { return [] }
        let batch = TokenBatch(prompts, for: configuration)
        var seen: [[LayerProjection: Tensor]] = []
        var none: KeyValueCache?
        _ = try residualStream(
            .sequences(batch), cache: &none,
            observeInputs: { projection, input in
                if projection == .output { seen.append([:]) }
                seen[seen.count - 1][projection] = input.take(batch.lastPlaces, axis: 0)
            })
        return seen
    }
}
