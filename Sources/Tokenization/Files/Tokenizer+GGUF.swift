// SPDX-License-Identifier: Apache-2.0
// Builds a tokenizer from the vocabulary of a GGUF file.

public import JSONText

extension Tokenizer {
    /// Builds a tokenizer from the vocabulary of a GGUF file.
    ///
    /// - Parameter vocabulary: The file's metadata.
    /// - Throws: An error that names the metadata key when the vocabulary is damaged or of a kind
    ///   that is not supported.
    public init(vocabulary: GGUFVocabulary) throws(InputError) {
        guard vocabulary.types.isEmpty || vocabulary.types.count == vocabulary.tokens.count else {
            throw vocabulary.error(
                "token_type",
                "\(vocabulary.types.count) types for \(vocabulary.tokens.count) tokens")
        }
        switch vocabulary.model {
        case "gpt2": try self.init(bytePair: vocabulary)
        case "llama", "t5": try self.init(SentencePieceVocabulary(vocabulary))
        case "bert": try self.init(wordPiece: vocabulary)
        case let other:
            throw vocabulary.error(
                "model", "\(other) is not supported", "supported: bert, gpt2, llama, t5")
        }
        try nameTokens(vocabulary)
        var first: SpecialToken?
        var last: SpecialToken?
        if vocabulary.model == "bert" {
            first = self[role: "cls_token"] ?? bosToken
            last = self[role: "sep_token"] ?? eosToken
        } else {
            if vocabulary.addBOS ?? vocabulary.addsBOSByKind { first = bosToken }
            if vocabulary.addEOS ?? (vocabulary.model == "t5") { last = eosToken }
        }
        try surround(first: first, last: last, file: vocabulary.file)
        indexAddedTokens()
    }

    /// Names the tokens with a role. All of them, and control tokens, are special.
    private mutating func nameTokens(_ vocabulary: GGUFVocabulary) throws(InputError) {
        self[role: "bos_token"] = try vocabulary.token("bos_token_id", vocabulary.bosIdentifier)
        self[role: "eos_token"] = try vocabulary.token("eos_token_id", vocabulary.eosIdentifier)
        self[role: "unk_token"] = try vocabulary.token("unknown_token_id", vocabulary.unkIdentifier)
        self[role: "pad_token"] = try vocabulary.token("padding_token_id", vocabulary.padIdentifier)
        self[role: "cls_token"] = try vocabulary.token("cls_token_id", vocabulary.clsIdentifier)
        self[role: "sep_token"] = try vocabulary.token(
            "seperator_token_id", vocabulary.sepIdentifier)
        self[role: "mask_token"] = try vocabulary.token("mask_token_id", vocabulary.maskIdentifier)
        let names = ["bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token"]
        let roles = Set((names + ["mask_token"]).compactMap { self[role: $0]?.identifier })
        let known = Set(addedTokens.map(\.identifier))
        for (identifier, content) in vocabulary.tokens.enumerated()
        where !known.contains(identifier) {
            let kind = vocabulary.types.isEmpty ? 1 : vocabulary.types[identifier]
            let isSpecial = kind == 2 || kind == 3 || roles.contains(identifier)
            guard isSpecial || kind == 4, !content.isEmpty else { continue }
            let content = vocabulary.model == "bert" ? vocabulary.wordPiece(identifier) : content
            addedTokens.append(
                AddedToken(identifier: identifier, content: content, isSpecial: isSpecial))
        }
    }

    private init(bytePair source: GGUFVocabulary) throws(InputError) {
        guard let preTokenizer = GGUFPreTokenizer(named: source.preTokenizer) else {
            let names = GGUFPreTokenizer.names.joined(separator: ", ")
            throw source.error(
                "pre", "\"\(source.preTokenizer)\" is not supported", "supported: \(names)")
        }
        var model = try BytePairModel(source, isByteLevel: preTokenizer.isByteLevel)
        model.ignoresMerges = preTokenizer.ignoresMerges
        self.init(model: .bytePair(model))
        components = [
            JSON.Member(key: "normalizer", value: preTokenizer.normalizer),
            JSON.Member(
                key: "pre_tokenizer",
                value: preTokenizer.json(addingSpace: source.addSpacePrefix ?? false)),
            JSON.Member(key: "decoder", value: preTokenizer.decoder),
        ]
        try readComponents(file: source.file)
    }

    private init(wordPiece source: GGUFVocabulary) throws(InputError) {
        var vocabulary = Vocabulary(capacity: source.tokens.count)
        for (identifier, token) in source.tokens.enumerated() {
            let spelling = source.wordPiece(identifier)
            if let problem = vocabulary.insert(spelling, identifier: identifier) {
                throw source.error(
                    "tokens[\(identifier)]", "\"\(token)\": \(problem)")
            }
        }
        let unknown = try source.token("unknown_token_id", source.unkIdentifier)?.text ?? "[UNK]"
        self.init(
            model: .wordPiece(
                WordPieceModel(
                    words: WordLevelModel(vocabulary: vocabulary, unknown: unknown),
                    prefix: Array("##".utf8), longestWord: 100)))
        components = [
            JSON.Member(
                key: "normalizer",
                value: .members([
                    "type": .string("BertNormalizer"), "clean_text": .boolean(true),
                    "handle_chinese_chars": .boolean(true), "strip_accents": .null,
                    "lowercase": .boolean(source.lowercases),
                ])),
            JSON.Member(
                key: "pre_tokenizer", value: .members(["type": .string("BertPreTokenizer")])),
            JSON.Member(
                key: "decoder",
                value: .members([
                    "type": .string("WordPiece"), "prefix": .string("##"),
                    "cleanup": .boolean(true),
                ])),
        ]
        try readComponents(file: source.file)
    }

    /// Reads the components, which are in the form of tokenizer.json.
    private mutating func readComponents(file: String) throws(InputError) {
        for component in components {
            let place = JSONNode(
                component.value, file: file, path: component.key, remedy: Self.remedy)
            switch (component.key, component.value) {
            case (_, .null): break
            case ("normalizer", _): normalizer = try Normalizer(place)
            case ("pre_tokenizer", _): preTokenizer = try PreTokenizer(place)
            default: break
            }
        }
        try readDecoder(file: file)
    }
}

extension GGUFVocabulary {
    fileprivate func error(
        _ key: String, _ problem: String,
        _ remedy: String = "the file is damaged: fetch it again"
    ) -> InputError {
        InputError(file: file, position: "tokenizer.ggml.\(key)", problem, remedy: remedy)
    }

    /// Whether the token for the beginning is added if the file does not state it.
    fileprivate var addsBOSByKind: Bool {
        switch model {
        case "llama": true
        case "gpt2": GGUFPreTokenizer(named: preTokenizer)?.addsBOS ?? false
        default: false
        }
    }

    fileprivate func token(
        _ key: String, _ identifier: Int?
    ) throws(InputError) -> Tokenizer.SpecialToken? {
        guard let identifier else { return nil }
        guard tokens.indices.contains(identifier) else {
            throw error(
                key, "there is no token \(identifier)")
        }
        return Tokenizer.SpecialToken(text: tokens[identifier], identifier: identifier)
    }

    /// Returns a token as WordPiece spells it, in `bert`.
    ///
    /// The file marks starts of words; WordPiece marks what is inside of them. Control tokens and
    /// tokens with a role have no mark in either.
    fileprivate func wordPiece(_ identifier: Int) -> String {
        let token = tokens[identifier]
        let kind = types.isEmpty ? 1 : types[identifier]
        let roles = [
            bosIdentifier, eosIdentifier, unkIdentifier, padIdentifier, clsIdentifier,
            sepIdentifier, maskIdentifier,
        ]
        let isBracketed =
            token.utf8.first == UInt8(ascii: "[") && token.utf8.last == UInt8(ascii: "]")
        if kind == 2 || kind == 3 || isBracketed || roles.contains(identifier) { return token }
        // A mark may join with a scalar that follows it to one character.
        return token.unicodeScalars.first == "\u{2581}"
            ? String(token.unicodeScalars.dropFirst()) : "##" + token
    }
}

extension SentencePieceVocabulary {
    /// Reads the vocabularies that llama.cpp calls `llama` and `t5`.
    fileprivate init(_ source: GGUFVocabulary) throws(InputError) {
        let isBytePair = source.model == "llama"
        file = source.file
        roles = [:]
        algorithm = isBytePair ? .bytePair : .unigram
        guard source.scores.count == source.tokens.count else {
            throw source.error(
                "scores", "\(source.scores.count) scores for \(source.tokens.count) tokens")
        }
        for (identifier, token) in source.tokens.enumerated() {
            let number = source.types.isEmpty ? 1 : UInt64(clamping: source.types[identifier])
            guard let kind = Kind(rawValue: number) else {
                throw source.error(
                    "token_type[\(identifier)]", "the type \(number) is not known")
            }
            guard source.scores[identifier].isFinite else {
                throw source.error(
                    "scores[\(identifier)]", "the score is not finite")
            }
            pieces.append(Piece(text: token, score: source.scores[identifier], kind: kind))
        }
        if !pieces.contains(where: { $0.kind == .unknown }),
            let unknown = try source.token("unknown_token_id", source.unkIdentifier)
        {
            pieces[unknown.identifier].kind = .unknown
        }
        fallsBackToBytes = pieces.contains { $0.kind == .byte }
        normalizer.addsDummySpace = source.addSpacePrefix ?? true
        normalizer.removesExtraSpaces = source.removeExtraWhitespaces ?? false
        normalizer.treatsSpaceAsSuffix = source.treatWhitespaceAsSuffix
        characters = source.precompiledCharsmap
        if !characters.isEmpty {
            normalizer.characters = try CharacterMap(characters) {
                source.error("precompiled_charsmap", $0, $1)
            }
        }
    }
}

extension BytePairModel {
    fileprivate init(_ source: GGUFVocabulary, isByteLevel: Bool) throws(InputError) {
        vocabulary = Vocabulary(capacity: source.tokens.count)
        for (identifier, token) in source.tokens.enumerated() {
            if let problem = vocabulary.insert(token, identifier: identifier) {
                throw source.error("tokens[\(identifier)]", "\"\(token)\": \(problem)")
            }
        }
        merges = MergeTable(capacity: source.merges.count)
        var joined: [UInt8] = []
        for (index, merge) in source.merges.enumerated() {
            if let problem = append(merge, joined: &joined) {
                throw source.error("merges[\(index)]", problem)
            }
        }
        if isByteLevel { findByteSymbols() } else { fallbackSymbols = vocabulary.fallbackSymbols }
    }
}
