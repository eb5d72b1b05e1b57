// SPDX-License-Identifier: Apache-2.0
// Whether a checkpoint whose configuration ties the head to the embedding does so.

import Checkpoints

extension DecoderConfiguration {
    /// Returns the configuration that a checkpoint's weights have.
    ///
    /// `tie_word_embeddings` says that the embedding is also the head. If a checkpoint holds both,
    /// with different values, both are used, as transformers 5 does.
    ///
    /// - Parameter checkpoint: The weights, under their Hugging Face names.
    /// - Returns: This configuration, or the same one with a separate head.
    /// - Throws: `InputError` when a tensor is damaged.
    func untyingOtherHead(in checkpoint: Checkpoint) throws -> DecoderConfiguration {
        let (embedding, head) = ("model.embed_tokens.weight", "lm_head.weight")
        guard headIsTied, checkpoint.tensors[embedding] != nil, checkpoint.tensors[head] != nil,
            try !checkpoint.holdsSameValues(embedding, head)
        else { return self }
        return untyingHead()
    }
}
