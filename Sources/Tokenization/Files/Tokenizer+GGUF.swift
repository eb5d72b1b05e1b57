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
        let keys = GGUFKeys(file: vocabulary.file)
        guard vocabulary.model == "gpt2" else {
            throw keys.error("model", "\(vocabulary.model) is not supported", "supported: gpt2")
        }
        guard let preTokenizer = GGUFPreTokenizer(named: vocabulary.preTokenizer) else {
            let names = GGUFPreTokenizer.names.joined(separator: ", ")
            throw keys.error(
                "pre", "\"\(vocabulary.preTokenizer)\" is not supported", "supported: \(names)")
        }
        guard vocabulary.types.isEmpty || vocabulary.types.count == vocabulary.tokens.count else {
            throw keys.error(
                "token_type",
                "\(vocabulary.types.count) types for \(vocabulary.tokens.count) tokens",
                "the file is damaged: fetch it again")
        }
        self.init(model: try BytePairModel(vocabulary, keys))
        model.ignoresMerges = preTokenizer.ignoresMerges

        bosToken = try keys.token("bos_token_id", vocabulary.bosIdentifier, vocabulary)
        eosToken = try keys.token("eos_token_id", vocabulary.eosIdentifier, vocabulary)
        unkToken = try keys.token("unknown_token_id", vocabulary.unkIdentifier, vocabulary)
        padToken = try keys.token("padding_token_id", vocabulary.padIdentifier, vocabulary)
        let roles = Set([bosToken, eosToken, unkToken, padToken].compactMap { $0?.identifier })
        for (identifier, content) in vocabulary.tokens.enumerated() {
            let kind = vocabulary.types.isEmpty ? 1 : vocabulary.types[identifier]
            let isSpecial = kind == 2 || kind == 3 || roles.contains(identifier)
            guard isSpecial || kind == 4 else { continue }
            addedTokens.append(
                AddedToken(identifier: identifier, content: content, isSpecial: isSpecial))
        }

        let bytes = GGUFPreTokenizer.byteLevel(addingSpace: true, usingRegex: true)
        let addsBOS = vocabulary.addBOS ?? preTokenizer.addsBOS
        components = [
            JSON.Member(key: "normalizer", value: preTokenizer.normalizer),
            JSON.Member(
                key: "pre_tokenizer",
                value: preTokenizer.json(addingSpace: vocabulary.addSpacePrefix)),
            JSON.Member(key: "decoder", value: bytes),
        ]
        for component in components {
            let place = JSONNode(
                component.value, file: vocabulary.file, path: component.key,
                remedy: Self.remedy)
            switch (component.key, component.value) {
            case (_, .null): break
            case ("normalizer", _): normalizer = try Normalizer(place)
            case ("pre_tokenizer", _): self.preTokenizer = try PreTokenizer(place)
            default: decoder = try TokenDecoder(place)
            }
        }
        try surround(
            first: addsBOS ? bosToken : nil, last: vocabulary.addEOS ? eosToken : nil,
            file: vocabulary.file)
        indexAddedTokens()
    }
}

/// The metadata keys, for errors.
private struct GGUFKeys {
    let file: String

    func error(_ key: String, _ problem: String, _ remedy: String) -> InputError {
        InputError(file: file, position: "tokenizer.ggml.\(key)", problem, remedy: remedy)
    }

    func token(
        _ key: String, _ identifier: Int?, _ vocabulary: GGUFVocabulary
    ) throws(InputError) -> Tokenizer.SpecialToken? {
        guard let identifier else { return nil }
        guard vocabulary.tokens.indices.contains(identifier) else {
            throw error(
                key, "there is no token \(identifier)", "the file is damaged: fetch it again")
        }
        return Tokenizer.SpecialToken(
            text: vocabulary.tokens[identifier], identifier: identifier)
    }
}

extension BytePairModel {
    fileprivate init(_ source: GGUFVocabulary, _ keys: GGUFKeys) throws(InputError) {
        let remedy = "the file is damaged: fetch it again"
        vocabulary = Vocabulary(capacity: source.tokens.count)
        for (identifier, token) in source.tokens.enumerated() {
            if let problem = vocabulary.insert(token, identifier: identifier) {
                throw keys.error("tokens[\(identifier)]", "\"\(token)\": \(problem)", remedy)
            }
        }
        merges = MergeTable(capacity: source.merges.count)
        var joined: [UInt8] = []
        for (index, merge) in source.merges.enumerated() {
            if let problem = Self.append(merge, to: &merges, vocabulary, &joined) {
                throw keys.error("merges[\(index)]", problem, remedy)
            }
        }
        findByteSymbols()
    }
}
