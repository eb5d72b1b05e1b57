// SPDX-License-Identifier: Apache-2.0
// The vocabulary in the metadata of a GGUF file.

/// The `tokenizer.ggml.*` metadata of a GGUF file.
public struct GGUFVocabulary: Sendable {
    /// The file's name, for errors.
    public var file: String
    /// `model`: the kind of the tokenizer; `gpt2` is supported.
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
    /// `add_eos_token`: whether texts end with the `eos` token.
    public var addEOS: Bool
    /// `add_space_prefix`: whether texts are encoded as if a space stood before them.
    public var addSpacePrefix: Bool

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
        addBOS: Bool? = nil, addEOS: Bool = false, addSpacePrefix: Bool = false
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
