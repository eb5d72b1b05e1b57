// SPDX-License-Identifier: Apache-2.0
// The residual stream after prompts, from which refusal directions are computed.

import LanguageModels
internal import Records
import Tensors

extension LanguageModel {
    /// Returns the residual stream after prompts.
    ///
    /// - Parameters:
    ///   - prompts: The tokens of the prompts, up to the point where the model answers.
    ///   - positions: The positions, counted from the end: -1 is the last token.
    ///   - layers: The number of layers in front of which it is read. One more than the model has
    ///     adds the state after the last layer.
    /// - Returns: `[layers, prompts, positions, width]`.
    /// - Throws: Errors of the engine and the model.
    func promptStates(_ prompts: [[Int]], positions: [Int], layers: Int) throws -> Tensor {
        let parts = try prompts.chunked(into: 32).map { chunk in
            let states = try residualStates(
                TokenBatch(chunk), positions: positions, layers: layers - 1)
            try evaluate([states])
            return states
        }
        return Tensor.concatenated(parts, axis: 1)
    }

    /// Returns how many tokens the chat template puts between the user's text and the answer.
    func postInstructionLength() throws -> Int {
        let one = try Subject(self).tokens(for: "One")
        let other = try Subject(self).tokens(for: "Another 7")
        return max(1, zip(one.reversed(), other.reversed()).prefix { $0 == $1 }.count)
    }
}

extension Tensor {
    /// Returns the rows without their components along unit vectors, both `[..., width]`.
    func withoutShare(along unit: Tensor) -> Tensor {
        self - (self * unit).sum(axis: -1, keepingDimensions: true) * unit
    }
}
