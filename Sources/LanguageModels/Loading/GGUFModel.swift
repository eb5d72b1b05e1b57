// SPDX-License-Identifier: Apache-2.0
// The parts of a GGUF file other than the weights: vocabulary, chat template, stop tokens.

import Checkpoints
import Foundation
import Tokenization

/// A GGUF file of a language model.
struct GGUFModel {
    let checkpoint: Checkpoint

    init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    var file: String {
        (checkpoint.files.first ?? checkpoint.url).path(percentEncoded: false)
    }

    func tokenizer() throws -> Tokenizer {
        let metadata = checkpoint.metadata
        let tokens = try checkpoint.requiredMetadata("tokenizer.ggml.tokens", as: \.strings)
        let types = metadata["tokenizer.ggml.token_type"]?.integers ?? []
        var vocabulary = GGUFVocabulary(
            file: file, model: metadata["tokenizer.ggml.model"]?.string ?? "gpt2",
            tokens: tokens, types: types.map { Int32(clamping: $0) },
            merges: metadata["tokenizer.ggml.merges"]?.strings ?? [],
            preTokenizer: metadata["tokenizer.ggml.pre"]?.string ?? "default",
            bosIdentifier: identifier("bos"), eosIdentifier: identifier("eos"),
            unkIdentifier: identifier("unknown"), padIdentifier: identifier("padding"),
            addBOS: metadata["tokenizer.ggml.add_bos_token"]?.boolean,
            addEOS: metadata["tokenizer.ggml.add_eos_token"]?.boolean,
            addSpacePrefix: metadata["tokenizer.ggml.add_space_prefix"]?.boolean)
        let scores = metadata["tokenizer.ggml.scores"]?.floatingPoints ?? []
        vocabulary.scores = scores.map { Float($0) }
        let characters = metadata["tokenizer.ggml.precompiled_charsmap"]?.integers ?? []
        vocabulary.precompiledCharsmap = characters.map { UInt8(truncatingIfNeeded: $0) }
        vocabulary.removeExtraWhitespaces =
            metadata["tokenizer.ggml.remove_extra_whitespaces"]?.boolean
        vocabulary.clsIdentifier = identifier("cls")
        vocabulary.sepIdentifier = identifier("seperator")
        vocabulary.maskIdentifier = identifier("mask")
        return try Tokenizer(vocabulary: vocabulary)
    }

    func chatTemplate() throws -> ChatTemplate? {
        try checkpoint.metadata["tokenizer.chat_template"]?.string.map { try ChatTemplate($0) }
    }

    var stopTokens: Set<Int> { Set(["eos", "eot"].compactMap { identifier($0) }) }

    private func identifier(_ role: String) -> Int? {
        checkpoint.metadata["tokenizer.ggml.\(role)_token_id"]?.integer
    }
}
