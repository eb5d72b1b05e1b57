// SPDX-License-Identifier: Apache-2.0
// The tokens that the files beside tokenizer.json name, read as transformers reads them.

public import Foundation
import JSONText

/// The named and the further special tokens of a directory.
struct SpecialTokens {
    /// Special tokens with a name, such as `bos_token`, in the file's order. A content may be empty.
    var named: [(name: String, token: AddedToken)] = []
    /// Special tokens without a name.
    var unnamed: [AddedToken] = []
    /// Tokens with the identifiers that the files give them.
    var listed: [AddedToken] = []
    /// Whether the token for the beginning or the end is added; nil where the file decides nothing.
    var addsBOS: Bool?
    var addsEOS: Bool?
    /// Whether version 4 of transformers, which wrote the file, puts the tokens around a text by the
    /// two settings above. Version 5 ignores them and follows tokenizer.json.
    var followsSettings = false
    /// Whether a listed token renames the piece that has its identifier, as beside `tokenizer.model`.
    var renamesPieces = false
    let file: String

    /// The classes of version 4 that set the tokens around a text by themselves. The first ones add
    /// the token for the beginning unless told otherwise.
    private static let startingClasses = ["Llama", "CodeLlama", "Gemma", "Cohere"]
    private static let settingClasses = startingClasses + ["GPTNeoX"]

    /// The names that every tokenizer has. Others are those of one model, such as `image_token`.
    private static let names: Set = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - configuration: `tokenizer_config.json`.
    ///   - map: `special_tokens_map.json`.
    ///   - added: `added_tokens.json`.
    /// - Throws: An error with the place where a file is of another form.
    init(
        _ configuration: JSONNode, map: JSONNode? = nil, added: JSONNode? = nil
    ) throws(InputError) {
        file = configuration.file
        addsBOS = try Self.flag("add_bos_token", configuration)
        addsEOS = try Self.flag("add_eos_token", configuration)
        if let place = try configuration.member("tokenizer_class") {
            let name = try place.string().replacing("TokenizerFast", with: "").replacing(
                "Tokenizer", with: "")
            // Version 5 writes this key; version 4 did not know it.
            let isOld = try configuration.member("backend") == nil
            followsSettings = isOld && Self.settingClasses.contains(name)
            if isOld, Self.startingClasses.contains(name) { addsBOS = addsBOS ?? true }
        }
        try readNames(configuration)
        guard try configuration.member("added_tokens_decoder") == nil else {
            try readDecoder(configuration.required("added_tokens_decoder"))
            return
        }
        // These two files are only read where the newer list is missing.
        if let map { try readNames(map) }
        let special = Set(named.map(\.token.content) + unnamed.map(\.content))
        for member in try added?.members() ?? [] {
            guard case .integer(let identifier) = member.value, identifier >= 0 else { continue }
            let isSpecial = special.contains(member.key)
            listed.append(
                AddedToken(
                    identifier: identifier, content: member.key, isSpecial: isSpecial,
                    isNormalized: !isSpecial))
        }
        listed.sort { $0.identifier < $1.identifier }
    }

    private static func flag(_ key: String, _ place: JSONNode) throws(InputError) -> Bool? {
        try place.member(key) == nil ? nil : try place.flag(key, default: false)
    }

    private mutating func readDecoder(_ place: JSONNode) throws(InputError) {
        for member in try place.members() {
            guard let identifier = Int(member.key), identifier >= 0 else {
                throw place.error("\"\(member.key)\" is no identifier", "check the file")
            }
            let token = JSONNode(
                member.value, file: place.file, path: "\(place.path).\(member.key)",
                remedy: place.remedy)
            listed.append(try AddedToken(token, identifier: identifier))
        }
        listed.sort { $0.identifier < $1.identifier }
        // Where the list has a token, its rules count.
        for index in named.indices {
            let content = named[index].token.content
            if let known = listed.first(where: { $0.content == content }) {
                named[index].token = known
            }
        }
    }

    private mutating func readNames(_ place: JSONNode) throws(InputError) {
        for member in try place.members() where member.key.hasSuffix("_token") {
            guard let value = try place.member(member.key) else { continue }
            switch value.value {
            case .string, .object: break
            default:
                // Other settings end so too: `add_bos_token` is a boolean.
                guard Self.names.contains(member.key) else { continue }
            }
            let token = try Self.token(value)
            named.removeAll { $0.name == member.key }
            named.append((member.key, token))
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            guard let list = try place.member(key) else { continue }
            if case .object(let members) = list.value {
                for member in members {
                    guard let value = try list.member(member.key) else { continue }
                    named.removeAll { $0.name == member.key }
                    named.append((member.key, try Self.token(value)))
                }
                continue
            }
            for element in try list.elements() {
                let token = try Self.token(element)
                if !unnamed.contains(where: { $0.content == token.content }) {
                    unnamed.append(token)
                }
            }
        }
    }

    /// Reads a token: its text, or an object with its rules.
    private static func token(_ place: JSONNode) throws(InputError) -> AddedToken {
        guard case .object = place.value else {
            return AddedToken(identifier: -1, content: try place.string())
        }
        var token = try AddedToken(place, identifier: -1, isSpecial: true)
        token.isSpecial = true
        return token
    }
}

extension Tokenizer {
    /// Reads a tokenizer from the files of a Hugging Face directory.
    ///
    /// The tokenizer is that of `tokenizer.json`, else of `tokenizer.model`. Tokens that stand only
    /// in `tokenizer_config.json`, `special_tokens_map.json` or `added_tokens.json` are added.
    ///
    /// - Parameters:
    ///   - directory: The directory's path, for errors.
    ///   - read: Returns the bytes of a file, or nil when the directory does not have it.
    /// - Throws: An error with the place in the file when something is damaged, missing or not
    ///   supported, or the error of `read`.
    public init(directory: String, reading read: (String) throws -> Data?) throws {
        func path(_ name: String) -> String {
            directory.isEmpty
                ? name : directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
        }
        func node(_ name: String) throws -> JSONNode? {
            try read(name).map { try Self.node(of: $0, file: path(name)) }
        }
        let isConverted: Bool
        if let root = try node("tokenizer.json") {
            try self.init(root)
            isConverted = true
        } else {
            guard let data = try read("tokenizer.model") else {
                throw InputError(
                    path("tokenizer.json"), "is missing, and so is tokenizer.model",
                    remedy: "copy one into the directory from where the model was published")
            }
            try self.init(sentencePiece: data, file: path("tokenizer.model"))
            isConverted = false
        }
        let configuration =
            try node("tokenizer_config.json")
            ?? JSONNode(.object([]), file: path("tokenizer_config.json"), remedy: Self.remedy)
        var tokens = try SpecialTokens(
            configuration, map: node("special_tokens_map.json"), added: node("added_tokens.json"))
        tokens.renamesPieces = !isConverted
        if !isConverted, tokens.addsBOS != nil || tokens.addsEOS != nil {
            // Without tokenizer.json both versions follow the settings.
            tokens.followsSettings = true
        }
        try self.read(tokens)
    }

    /// Adds the tokens that are not in the vocabulary yet, and names those with a name.
    mutating func read(_ tokens: SpecialTokens) throws(InputError) {
        var next = vocabularySize
        // Swift takes canonically equivalent strings for equal; two such tokens are different.
        var places: [[UInt8]: Int] = [:]
        for (place, token) in addedTokens.enumerated() { places[Array(token.content.utf8)] = place }
        func add(_ token: AddedToken) throws(InputError) {
            guard !token.content.isEmpty else { return }
            let place = places[Array(token.content.utf8)]
            var token = token
            // Beside `tokenizer.model` they are found in the raw text, as in transformers.
            if tokens.renamesPieces { token.isNormalized = false }
            if let known = place.map({ addedTokens[$0].identifier })
                ?? model.vocabulary.identifier(of: token.content).map(Int.init)
            {
                token.identifier = known
            } else if !(tokens.renamesPieces && 0..<next ~= token.identifier) {
                token.identifier = next
                next += 1
            }
            guard token.identifier <= Vocabulary.greatestIdentifier else {
                throw InputError(
                    file: tokens.file, position: token.content, "the identifier is out of range",
                    remedy: "check the file")
            }
            if let place {
                addedTokens[place] = token
            } else {
                places[Array(token.content.utf8)] = addedTokens.count
                addedTokens.append(token)
            }
        }
        for token in tokens.listed { try add(token) }
        for token in tokens.named.map(\.token) + tokens.unnamed
        where places[Array(token.content.utf8)] == nil {
            try add(token)
        }
        indexAddedTokens()
        for (name, token) in tokens.named {
            self[role: name] = identifier(of: token.content).map {
                SpecialToken(text: token.content, identifier: $0)
            }
            namedTexts[name] = token.content
        }
        if tokens.followsSettings {
            try surround(
                first: tokens.addsBOS ?? false ? bosToken : nil,
                last: tokens.addsEOS ?? false ? eosToken : nil, file: tokens.file)
        }
    }
}
