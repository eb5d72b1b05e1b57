// SPDX-License-Identifier: Apache-2.0
// The inputs of the projections that write to the residual stream.

import JSONText
package import Tensors

extension LanguageModel {
    /// Returns the inputs after prompts of the projections that write to the residual stream.
    ///
    /// - Parameter prompts: Token identifiers; none empty.
    /// - Returns: For each layer, the inputs of its output and its down projection after the last
    ///   token of each prompt: `[prompts, heads' width]` and `[prompts, feed-forward width]`.
    /// - Throws: `InputError` for empty or too long prompts.
    package func writerInputs(
        behind prompts: [[Int]]
    ) throws -> [(output: Tensor, down: Tensor)] {
        try checkPrompts(prompts)
        guard !prompts.isEmpty else { return [] }
        let batch = TokenBatch(prompts)
        var seen: [Tensor] = []
        var none: KeyValueCache?
        _ = try residualStream(
            .sequences(batch), cache: &none,
            observeInputs: { _, input in seen.append(input.take(batch.lastPlaces, axis: 0)) })
        return stride(from: 0, to: seen.count - 1, by: 2).map { (seen[$0], seen[$0 + 1]) }
    }
}
