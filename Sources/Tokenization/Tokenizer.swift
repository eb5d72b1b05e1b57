// SPDX-License-Identifier: Apache-2.0
// Converts text to token identifiers and back, exactly as the reference tokenizers do.

import JSONText

/// A tokenizer, from a Hugging Face directory, from a SentencePiece model or from a GGUF vocabulary.
///
/// A value type. Copies share their tables and their cache of encoded words, and may be used from
/// several threads at once.
public struct Tokenizer: Sendable {
    /// A token that has a role, such as the beginning of a text.
    public struct SpecialToken: Sendable, Hashable, Codable {
        /// The token's text.
        public let text: String
        /// The token's identifier.
        public let identifier: Int
    }

    /// The token before a text, if the tokenizer names one.
    public var bosToken: SpecialToken? { self[role: "bos_token"] }
    /// The token after a text, at which generation stops.
    public var eosToken: SpecialToken? { self[role: "eos_token"] }
    /// The token that fills up shorter texts of a batch.
    public var padToken: SpecialToken? { self[role: "pad_token"] }
    /// The token for text that the vocabulary cannot express.
    public var unkToken: SpecialToken? { self[role: "unk_token"] }

    /// The texts of all named special tokens by name, such as `bos_token`, for chat templates. A text
    /// may be empty, or be no token.
    public internal(set) var namedTexts: [String: String] = [:]
    /// The named special tokens by name.
    private var roles: [String: SpecialToken] = [:]

    var model: TokenModel
    var addedTokens: [AddedToken] = []
    var normalizer: Normalizer?
    var preTokenizer = PreTokenizer()
    var postProcessor = PostProcessor()
    var decoder: TokenDecoder?
    /// The components as in `tokenizer.json`, for writing.
    var components: [JSON.Member] = []

    /// Added tokens by identifier, with the text that they decode to.
    private var addedByIdentifier: [Int: (token: AddedToken, decoded: [UInt8])] = [:]
    private var addedByText: [[UInt8]: Int] = [:]
    private var rawMatcher = AddedTokenMatcher()
    private var normalizedMatcher = AddedTokenMatcher()
    private let cache = WordCache()

    init(model: TokenModel) { self.model = model }

    /// The special token with a name, such as `bos_token`.
    subscript(role name: String) -> SpecialToken? {
        get { roles[name] }
        set {
            roles[name] = newValue
            namedTexts[name] = newValue?.text
        }
    }

    /// Indexes `addedTokens` for searching. Call it when the tokens, the normalizer and the
    /// pre-tokenizer are known.
    mutating func indexAddedTokens() {
        if case .bytePair(let model) = model { preTokenizer.cutBeforeSpaces(of: model) }
        addedByIdentifier = [:]
        addedByText = [:]
        rawMatcher = AddedTokenMatcher()
        normalizedMatcher = AddedTokenMatcher()
        for token in addedTokens where !token.content.isEmpty {
            var spelling = token.content
            if token.isNormalized, let normalizer, !normalizer.isSentencePiece {
                spelling = normalizer.apply(spelling)
            }
            if token.isNormalized {
                normalizedMatcher.insert(token, spelt: spelling)
            } else {
                rawMatcher.insert(token, spelt: spelling)
            }
            addedByIdentifier[token.identifier] = (token, Array(spelling.utf8))
            addedByText[Array(token.content.utf8)] = token.identifier
        }
    }

    // MARK: - Tokens

    /// One more than the greatest identifier, added tokens included.
    public var vocabularySize: Int {
        max(model.vocabulary.size, (addedByIdentifier.keys.max() ?? -1) + 1)
    }

    /// Returns the text of a token as in the vocabulary.
    ///
    /// - Parameter identifier: The token's identifier.
    /// - Returns: The text, or nil when there is no such token.
    public func token(_ identifier: Int) -> String? {
        if let added = addedByIdentifier[identifier] { return added.token.content }
        return model.vocabulary.bytes(identifier).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the identifier of a token.
    ///
    /// - Parameter token: The text as in the vocabulary. It is compared byte by byte.
    /// - Returns: The identifier, or nil when there is no such token.
    public func identifier(of token: String) -> Int? {
        addedByText[Array(token.utf8)] ?? model.vocabulary.identifier(of: token).map(Int.init)
    }

    /// Returns whether a token is a special one, which `decode` can omit.
    ///
    /// - Parameter identifier: The token's identifier.
    /// - Returns: True for special tokens; false for others and for unknown identifiers.
    public func isSpecial(_ identifier: Int) -> Bool {
        addedByIdentifier[identifier]?.token.isSpecial ?? false
    }

    // MARK: - Encoding

    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - addingSpecialTokens: Whether to add the model's tokens around the text, such as the
    ///     token for its beginning.
    ///   - parsingSpecialTokens: Whether special tokens that are spelt out in the text are encoded
    ///     as such. If false, they are encoded like other text.
    /// - Returns: The tokens' identifiers.
    public func encode(
        _ text: String, addingSpecialTokens: Bool = true, parsingSpecialTokens: Bool = true
    ) -> [Int] {
        var identifiers: [Int32] = addingSpecialTokens ? postProcessor.before : []
        var words = cache.take()
        var scratch = TokenModel.Scratch()
        var text = text
        text.withUTF8 { bytes in
            let pieces = rawMatcher.split(bytes, includingSpecial: parsingSpecialTokens)
            for piece in pieces {
                if let identifier = piece.identifier {
                    identifiers.append(Int32(identifier))
                    continue
                }
                let part = UnsafeBufferPointer(rebasing: bytes[piece.range])
                withNormalized(part) { normalized in
                    encode(
                        normalized, isFirst: piece.range.lowerBound == 0, parsingSpecialTokens,
                        &words, &scratch, into: &identifiers)
                }
            }
        }
        cache.put(words)
        if addingSpecialTokens { identifiers += postProcessor.after }
        return identifiers.map(Int.init)
    }

    private func withNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let normalizer else { return body(text) }
        var normalized = normalizer.apply(String(decoding: text, as: UTF8.self))
        normalized.withUTF8(body)
    }

    /// Encodes normalized text that lies between added tokens.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ includingSpecial: Bool,
        _ words: inout WordCache.Words, _ scratch: inout TokenModel.Scratch,
        into identifiers: inout [Int32]
    ) {
        for piece in normalizedMatcher.split(text, includingSpecial: includingSpecial) {
            if let identifier = piece.identifier {
                identifiers.append(Int32(identifier))
                continue
            }
            preTokenizer.forEachWord(
                in: UnsafeBufferPointer(rebasing: text[piece.range]),
                isFirst: isFirst && piece.range.lowerBound == 0
            ) { word in
                let isShort = word.count <= WordCache.Words.longestWord
                if isShort, let known = words.find(word) {
                    identifiers.append(contentsOf: known)
                    return
                }
                let start = identifiers.count
                model.encode(word, scratch: &scratch, into: &identifiers)
                if isShort { words.insert(word, identifiers[start...]) }
            }
        }
    }

    // MARK: - Decoding

    /// Decodes tokens.
    ///
    /// - Parameters:
    ///   - identifiers: The tokens' identifiers. Unknown ones are omitted.
    ///   - skippingSpecialTokens: Whether special tokens are omitted.
    /// - Returns: The text. Bytes that are not UTF-8 become U+FFFD.
    public func decode(_ identifiers: [Int], skippingSpecialTokens: Bool = false) -> String {
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(identifiers.count)
        for identifier in identifiers {
            if let added = addedByIdentifier[identifier] {
                if !(skippingSpecialTokens && added.token.isSpecial) {
                    tokens.append(added.decoded)
                }
            } else if let bytes = model.vocabulary.bytes(identifier) {
                tokens.append(Array(bytes))
            }
        }
        let parts = decoder?.decode(tokens) ?? [Array(tokens.joined(separator: " ".utf8))]
        return String(decoding: parts.joined(), as: UTF8.self)
    }

    /// Decodes the beginning of an answer, as far as no later token can change its text.
    ///
    /// Held back are half a character, and a run of tokens for single bytes: the reference reads a
    /// run as a whole, and as nothing but U+FFFD when its bytes are not UTF-8.
    ///
    /// - Parameters:
    ///   - identifiers: The tokens so far.
    ///   - skippingSpecialTokens: Whether special tokens are omitted.
    /// - Returns: A beginning of what `decode` returns for these tokens and any that follow.
    public func decodeSettled(
        _ identifiers: [Int], skippingSpecialTokens: Bool = false
    ) -> String {
        var settled = identifiers[...]
        if decoder?.joinsBytes ?? false {
            while let last = settled.last, isHeldBack(last, skippingSpecialTokens) {
                settled = settled.dropLast()
            }
        }
        let text = decode(Array(settled), skippingSpecialTokens: skippingSpecialTokens)
        var scalars = text.unicodeScalars[...]
        while scalars.last == "\u{FFFD}" { scalars = scalars.dropLast() }
        return String(scalars)
    }

    /// Whether a token is a byte of a run, or says nothing and so does not end one.
    private func isHeldBack(_ identifier: Int, _ skipsSpecial: Bool) -> Bool {
        if let added = addedByIdentifier[identifier] {
            return skipsSpecial && added.token.isSpecial
                || TokenDecoder.byte(of: added.decoded) != nil
        }
        guard let bytes = model.vocabulary.bytes(identifier) else { return true }
        return TokenDecoder.byte(of: Array(bytes)) != nil
    }
}
