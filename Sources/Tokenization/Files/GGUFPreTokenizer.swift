// SPDX-License-Identifier: Apache-2.0
// GGUF files name their pre-tokenizer. This file gives the meaning of each name of llama.cpp in the
// form of tokenizer.json, as in the original tokenizers.

import JSONText

/// The meaning of one `tokenizer.ggml.pre`.
struct GGUFPreTokenizer {
    /// The expressions at which the text is cut, one after another.
    private var expressions: [String] = []
    /// Whether each digit is a word.
    private var cutsDigits = false
    /// Whether GPT-2's expression comes last.
    private var endsWithGPT2 = false
    /// Whether the model's symbols are bytes; else they are scalars, with spaces as `▁`.
    private(set) var isByteLevel = true
    private(set) var ignoresMerges = false
    private(set) var addsBOS = false
    private var composes = false

    /// The supported names, for an error message.
    static let names = kinds.flatMap(\.names).sorted()

    private static let kinds: [(names: [String], kind: GGUFPreTokenizer)] = [
        (["default"], GGUFPreTokenizer(expressions: unnamed)),
        (["falcon"], GGUFPreTokenizer(expressions: falcon)),
        (
            [
                "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
                "jina-v2-code", "mpt", "olmo", "jais", "trillion", "exaone4", "roberta-bpe",
                "gigachat", "a.x-4.0", "mellum", "modern-bert", "granite-docling",
            ], GGUFPreTokenizer(endsWithGPT2: true)
        ),
        (
            [
                "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
                "mellum2",
            ], GGUFPreTokenizer(cutsDigits: true, endsWithGPT2: true)
        ),
        (
            [
                "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
                "lfm2", "jina-v5-nano",
            ],
            GGUFPreTokenizer(
                expressions: [WordScanner.llama3.expression], ignoresMerges: true, addsBOS: true)
        ),
        (
            ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"],
            GGUFPreTokenizer(expressions: [WordScanner.llama3.expression])
        ),
        (
            [
                "qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "kormo", "f2llmv2", "hunyuan",
                "solar-open", "grok-2",
            ], GGUFPreTokenizer(expressions: [WordScanner.qwen2.expression], composes: true)
        ),
        (["qwen35"], GGUFPreTokenizer(expressions: [qwen35], composes: true)),
        (
            ["tekken"],
            GGUFPreTokenizer(
                expressions: [cased(after: "", digits: #"\p{N}"#)], ignoresMerges: true,
                addsBOS: true)
        ),
        (
            ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
            GGUFPreTokenizer(expressions: [cased(after: "\(contraction)?", digits: threeDigits)])
        ),
        (
            ["tiny_aya", "cohere2moe"],
            GGUFPreTokenizer(expressions: [
                #"\d{1,3}(?=(?:\d{3})*\b)"#, cased(after: "\(contraction)?", digits: threeDigits),
            ])
        ),
        (["deepseek-llm"], GGUFPreTokenizer(expressions: deepSeekLLM + [#"\p{N}+"#])),
        (
            ["deepseek-coder"],
            GGUFPreTokenizer(expressions: [
                "[\r\n]", #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-\u{D7FF}]+", #"\p{N}"#,
            ])
        ),
        (
            ["deepseek-v3", "hunyuan-dense", "joyai-llm"],
            GGUFPreTokenizer(expressions: [
                threeDigits, "[一-龥\u{3040}-ゟ゠-ヿ]+",
                ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?"##
                    + #"[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
            ])
        ),
        (["superbpe"], GGUFPreTokenizer(expressions: [#"\p{N}+"#, #"(?=(\d{3})+(?!\d))"#])),
        (
            ["bailingmoe", "bailingmoe2", "llada-moe"],
            GGUFPreTokenizer(expressions: [
                #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"#
                    + #"|\s*[\r\n]|\s+(?!\S)|\s+"#
            ])
        ),
        (
            ["seed-coder"],
            GGUFPreTokenizer(expressions: [
                contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+"# + spaces
            ])
        ),
        (["bloom", "gpt3-finnish", "poro-chat"], GGUFPreTokenizer(expressions: [bloom])),
        (["viking"], GGUFPreTokenizer(expressions: [bloom, #"\p{N}"#])),
        (
            ["exaone-moe"],
            GGUFPreTokenizer(expressions: [
                contraction + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
                    + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#
            ])
        ),
        (
            ["gemma4", "sarvam-moe", "granite-embed-multi-311m"],
            GGUFPreTokenizer(expressions: [#"[^\n]+|[\n]+"#], isByteLevel: false)
        ),
    ]

    // MARK: - Expressions

    private static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let threeDigits = #"\p{N}{1,3}"#
    private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#

    private static let qwen35 =
        contraction + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
        + spaces

    /// Words that end where small letters are followed by capitals.
    private static func cased(after: String, digits: String) -> String {
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        let first = #"[^\r\n\p{L}\p{N}]?"#
        return "\(first)\(upper)*\(lower)+\(after)|\(first)\(upper)+\(lower)*\(after)|\(digits)"
            + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
    }

    /// What llama.cpp does for files without a name.
    private static let unnamed = [
        #"[\p{P}\$\+<=>\^~\|]+"#, WordScanner.gpt2.expression, #"\p{N}+"#, "[0-9][0-9][0-9]",
    ]
    private static let falcon = [
        #"[\p{P}\$\+<=>\^~\|`]+"#, WordScanner.gpt2.expression, "[0-9][0-9][0-9]",
    ]

    private static let deepSeekLLM = [
        "[\r\n]",
        #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"#
            + "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕ"
            + "ℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
            + "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
        #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#, "[一-龥ࠀ-一가-\u{D7FF}]+",
    ]

    // MARK: - In the form of tokenizer.json

    /// Looks up a name.
    ///
    /// - Parameter name: The value of `tokenizer.ggml.pre`.
    init?(named name: String) {
        guard let found = Self.kinds.first(where: { $0.names.contains(name) }) else { return nil }
        self = found.kind
    }

    private init(
        expressions: [String] = [], cutsDigits: Bool = false, endsWithGPT2: Bool = false,
        isByteLevel: Bool = true, ignoresMerges: Bool = false, addsBOS: Bool = false,
        composes: Bool = false
    ) {
        self.expressions = expressions
        self.cutsDigits = cutsDigits
        self.endsWithGPT2 = endsWithGPT2
        self.isByteLevel = isByteLevel
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
        self.composes = composes
    }

    /// The `normalizer` of `tokenizer.json`.
    var normalizer: JSON {
        if composes { return .members(["type": .string("NFC")]) }
        if isByteLevel { return .null }
        return .members([
            "type": .string("Replace"), "pattern": .members(["String": .string(" ")]),
            "content": .string("\u{2581}"),
        ])
    }

    /// Returns the `pre_tokenizer` of `tokenizer.json`.
    ///
    /// - Parameter addingSpace: Whether a space is put before a text.
    /// - Returns: The JSON value.
    func json(addingSpace: Bool) -> JSON {
        var steps = expressions.map { expression in
            JSON.members([
                "type": .string("Split"), "pattern": .members(["Regex": .string(expression)]),
                "behavior": .string("Isolated"), "invert": .boolean(false),
            ])
        }
        if cutsDigits {
            steps.append(
                .members(["type": .string("Digits"), "individual_digits": .boolean(true)]))
        }
        if isByteLevel {
            steps.append(Self.byteLevel(addingSpace: addingSpace, usingRegex: endsWithGPT2))
        }
        if steps.count == 1, let only = steps.first { return only }
        return .members(["type": .string("Sequence"), "pretokenizers": .array(steps)])
    }

    /// The `decoder` of `tokenizer.json`.
    var decoder: JSON {
        if isByteLevel { return Self.byteLevel(addingSpace: true, usingRegex: true) }
        let replace = JSON.members([
            "type": .string("Replace"), "pattern": .members(["String": .string("\u{2581}")]),
            "content": .string(" "),
        ])
        let parts = [replace] + ["ByteFallback", "Fuse"].map { .members(["type": .string($0)]) }
        return .members(["type": .string("Sequence"), "decoders": .array(parts)])
    }

    /// `ByteLevel` as a component of `tokenizer.json`.
    private static func byteLevel(addingSpace: Bool, usingRegex: Bool) -> JSON {
        .members([
            "type": .string("ByteLevel"), "add_prefix_space": .boolean(addingSpace),
            "trim_offsets": .boolean(true), "use_regex": .boolean(usingRegex),
        ])
    }
}
