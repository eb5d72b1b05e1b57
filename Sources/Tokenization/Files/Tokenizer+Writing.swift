// SPDX-License-Identifier: Apache-2.0
// Writes the files of a Hugging Face directory that hold a tokenizer.

public import Foundation
import JSONText

extension Tokenizer {
    /// Returns the tokenizer as Hugging Face's `tokenizer.json`.
    ///
    /// A tokenizer read from it gives the same identifiers for every text.
    ///
    /// - Returns: The file's bytes.
    public func tokenizerJSON() -> Data {
        func component(_ key: String) -> JSON {
            components.last { $0.key == key }?.value ?? .null
        }
        return JSON.members([
            "version": .string("1.0"), "truncation": .null, "padding": .null,
            "added_tokens": .array(addedTokens.map(\.json)),
            "normalizer": component("normalizer"),
            "pre_tokenizer": component("pre_tokenizer"),
            "post_processor": component("post_processor"),
            "decoder": component("decoder"),
            "model": model.json,
        ]).data()
    }

    /// Returns the roles of tokens as Hugging Face's `tokenizer_config.json`.
    ///
    /// - Parameter chatTemplate: The Jinja template of conversations, if there is one.
    /// - Returns: The file's bytes.
    public func tokenizerConfigJSON(chatTemplate: String?) -> Data {
        var members = [
            JSON.Member(key: "tokenizer_class", value: .string("PreTrainedTokenizerFast")),
            JSON.Member(key: "clean_up_tokenization_spaces", value: .boolean(false)),
        ]
        for (key, text) in namedTexts.sorted(by: { $0.key < $1.key }) {
            members.append(JSON.Member(key: key, value: .string(text)))
        }
        if let chatTemplate {
            members.append(JSON.Member(key: "chat_template", value: .string(chatTemplate)))
        }
        return JSON.object(members).data()
    }
}
