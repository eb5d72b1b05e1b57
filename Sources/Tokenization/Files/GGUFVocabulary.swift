// SPDX-License-Identifier: Apache-2.0
// The vocabulary in the metadata of a GGUF file.

/// The `tokenizer.ggml.*` metadata of a GGUF file.
public struct GGUFVocabulary: Sendable {
    /// The file's name, for errors.
    public var file: String
    /// `model`: the kind of the tokenizer: `gpt2`, `llama`, `t5` or `bert`.
    public var model: String
    /// `tokens`: the tokens by identifier.
    public var tokens: [String]
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; may be
    /// empty.
    public var types: [Int32]
    /// `merges`: pairs of tokens separated by a space, by rank.
    public var merges: [String]
    /// `pre`: the name of the pre-tokenizer, which cuts text into words.
    public var preTokenizer: String
    /// `bos_token_id`: the token before a text.
    public var bosIdentifier: Int?
    /// `eos_token_id`: the token after a text.
    public var eosIdentifier: Int?
    /// `unknown_token_id`: the token for text that the vocabulary cannot express.
    public var unkIdentifier: Int?
    /// `padding_token_id`: the token that fills up shorter texts.
    public var padIdentifier: Int?
    /// `add_bos_token`: nil if the file does not state it; the pre-tokenizer then decides.
    public var addBOS: Bool?
    /// `add_eos_token`: whether texts end with the `eos` token; nil if the file does not state it.
    public var addEOS: Bool?
    /// `add_space_prefix`: whether texts are encoded as if a space stood before them. Nil if the
    /// file does not state it; the kind of the tokenizer then decides.
    public var addSpacePrefix: Bool?
    /// `scores`: the scores of tokens by identifier, in `llama` and `t5`.
    public var scores: [Float] = []
    /// `remove_extra_whitespaces`: whether runs of spaces become one, in `t5`.
    public var removeExtraWhitespaces: Bool?
    /// `treat_whitespace_as_suffix`: whether the space of `add_space_prefix` follows the text.
    public var treatWhitespaceAsSuffix = false
    /// `precompiled_charsmap`: the compiled map of the normalizer, in `t5`.
    public var precompiledCharsmap: [UInt8] = []
    /// `cls_token_id`: the token before a text, in `bert`.
    public var clsIdentifier: Int?
    /// `seperator_token_id`, as the key is spelt: the token after a text, in `bert`.
    public var sepIdentifier: Int?
    /// `mask_token_id`: the token for hidden words.
    public var maskIdentifier: Int?
    /// `normalizer.lowercase`: whether text is put in lower case, in `bert`.
    public var lowercases = true

    /// Collects the metadata of a GGUF file.
    ///
    /// - Parameters:
    ///   - file: The file's name, for errors.
    ///   - model: `tokenizer.ggml.model`.
    ///   - tokens: `tokenizer.ggml.tokens`.
    ///   - types: `tokenizer.ggml.token_type`, or nothing.
    ///   - merges: `tokenizer.ggml.merges`.
    ///   - preTokenizer: `tokenizer.ggml.pre`.
    ///   - bosIdentifier: `tokenizer.ggml.bos_token_id`.
    ///   - eosIdentifier: `tokenizer.ggml.eos_token_id`.
    ///   - unkIdentifier: `tokenizer.ggml.unknown_token_id`.
    ///   - padIdentifier: `tokenizer.ggml.padding_token_id`.
    ///   - addBOS: `tokenizer.ggml.add_bos_token`.
    ///   - addEOS: `tokenizer.ggml.add_eos_token`.
    ///   - addSpacePrefix: `tokenizer.ggml.add_space_prefix`.
    public init(
        file: String, model: String = "gpt2", tokens: [String], types: [Int32] = [],
        merges: [String], preTokenizer: String = "default", bosIdentifier: Int? = nil,
        eosIdentifier: Int? = nil, unkIdentifier: Int? = nil, padIdentifier: Int? = nil,
        addBOS: Bool? = nil, addEOS: Bool? = nil, addSpacePrefix: Bool? = nil
    ) {
        self.file = file
        self.model = model
        self.tokens = tokens
        self.types = types
        self.merges = merges
        self.preTokenizer = preTokenizer
        self.bosIdentifier = bosIdentifier
        self.eosIdentifier = eosIdentifier
        self.unkIdentifier = unkIdentifier
        self.padIdentifier = padIdentifier
        self.addBOS = addBOS
        self.addEOS = addEOS
        self.addSpacePrefix = addSpacePrefix
    }
}
