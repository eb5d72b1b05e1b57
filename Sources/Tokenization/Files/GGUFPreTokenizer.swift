// SPDX-License-Identifier: Apache-2.0
// GGUF files name their pre-tokenizer. This file gives the meaning of each name of llama.cpp in the
// form of tokenizer.json, as in the original tokenizers.

import JSONText

/// The meaning of one `tokenizer.ggml.pre`.
struct GGUFPreTokenizer {
    /// The steps before the text is converted to bytes.
    let splits: [JSON]
    /// Whether GPT-2's expression comes last.
    var endsWithGPT2 = false
    var normalizer = JSON.null
    var ignoresMerges = false
    var addsBOS = false

    /// The supported names, for an error message.
    static let names =
        (gpt2Names + digitNames + llama3Names + cl100kNames + qwen2Names + ["default", "falcon"])
        .sorted()

    private static let gpt2Names = [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v2-code", "mpt",
        "olmo", "jais", "trillion", "exaone4", "roberta-bpe", "gigachat",
    ]
    private static let digitNames = [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
    ]
    private static let llama3Names = ["llama3", "llama-v3", "llama-bpe", "falcon3"]
    private static let cl100kNames = ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"]
    private static let qwen2Names = ["qwen2", "deepseek-r1-qwen", "stablelm2"]

    private init(_ splits: [JSON]) { self.splits = splits }

    /// Looks up a name.
    ///
    /// - Parameter name: The value of `tokenizer.ggml.pre`.
    init?(named name: String) {
        // The expressions that llama.cpp uses for files without a better name.
        let marks = #"[\p{P}\$\+<=>\^~\|]+"#
        let threeDigits = Self.split("[0-9][0-9][0-9]")
        switch name {
        case _ where Self.gpt2Names.contains(name):
            self.init([])
            endsWithGPT2 = true
        case _ where Self.digitNames.contains(name):
            self.init([
                .members(["type": .string("Digits"), "individual_digits": .boolean(true)])
            ])
            endsWithGPT2 = true
        case _ where Self.llama3Names.contains(name):
            self.init([Self.split(WordScanner.llama3.expression)])
            ignoresMerges = true
            addsBOS = true
        case _ where Self.cl100kNames.contains(name):
            self.init([Self.split(WordScanner.llama3.expression)])
        case _ where Self.qwen2Names.contains(name):
            self.init([Self.split(WordScanner.qwen2.expression)])
            normalizer = .members(["type": .string("NFC")])
        case "default":
            self.init([
                Self.split(marks), Self.split(WordScanner.gpt2.expression),
                Self.split(#"\p{N}+"#), threeDigits,
            ])
        case "falcon":
            self.init([
                Self.split(#"[\p{P}\$\+<=>\^~\|`]+"#), Self.split(WordScanner.gpt2.expression),
                threeDigits,
            ])
        default: return nil
        }
    }

    private static func split(_ expression: String) -> JSON {
        .members([
            "type": .string("Split"), "pattern": .members(["Regex": .string(expression)]),
            "behavior": .string("Isolated"), "invert": .boolean(false),
        ])
    }

    /// Returns the `pre_tokenizer` of `tokenizer.json`.
    ///
    /// - Parameter addingSpace: Whether a space is put before a text.
    /// - Returns: The JSON value.
    func json(addingSpace: Bool) -> JSON {
        let bytes = Self.byteLevel(addingSpace: addingSpace, usingRegex: endsWithGPT2)
        guard !splits.isEmpty else { return bytes }
        return .members([
            "type": .string("Sequence"), "pretokenizers": .array(splits + [bytes]),
        ])
    }

    /// `ByteLevel` as a component of `tokenizer.json`.
    static func byteLevel(addingSpace: Bool, usingRegex: Bool) -> JSON {
        .members([
            "type": .string("ByteLevel"), "add_prefix_space": .boolean(addingSpace),
            "trim_offsets": .boolean(true), "use_regex": .boolean(usingRegex),
        ])
    }
}
