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

    /// The tokens that end an answer: those that the file names, and those that llama.cpp knows by
    /// their text, for many files name `eos` alone.
    var stopTokens: Set<Int> {
        var tokens = Set(["eos", "eot", "eom"].compactMap { identifier($0) })
        let texts = checkpoint.metadata["tokenizer.ggml.tokens"]?.strings ?? []
        var found: [String: Int] = [:]
        for (identifier, text) in texts.enumerated() where Self.endings.contains(text) {
            found[text] = identifier
        }
        // Where a whole answer has an ending of its own, `<|end|>` ends one of its messages.
        func holds(_ text: String) -> Bool { found[text] != nil }
        let endsCalls = holds("<|call|>") || holds("<|calls|>")
        var others: Set<String> = []
        if endsCalls, holds("<|return|>") || holds("<|flush|>") { others.insert("<|end|>") }
        // Gemma 4 has `</s>` as a text among others.
        if holds("<|tool_response>") { others.insert("</s>") }
        for text in others {
            if let identifier = found.removeValue(forKey: text) { tokens.remove(identifier) }
        }
        tokens.formUnion(found.values)
        return tokens
    }

    /// The texts by which llama.cpp finds tokens that end an answer.
    private static let endings: Set = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
        "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    ]

    private func identifier(_ role: String) -> Int? {
        checkpoint.metadata["tokenizer.ggml.\(role)_token_id"]?.integer
    }
}
