// SPDX-License-Identifier: Apache-2.0
// Reads Hugging Face's tokenizer.json.

public import Foundation
public import JSONText

extension Tokenizer {
    /// Reads a tokenizer from Hugging Face's `tokenizer.json`.
    ///
    /// Truncation and padding settings in the file are ignored.
    ///
    /// - Parameters:
    ///   - tokenizerJSON: The file's bytes.
    ///   - file: The file's name, for errors.
    ///   - configurationJSON: The bytes of `tokenizer_config.json`, which names the tokens with a
    ///     role and may require tokens around a text.
    /// - Throws: An error with the place in the file when something is damaged or not supported.
    public init(
        tokenizerJSON: Data, file: String, configurationJSON: Data? = nil
    ) throws(InputError) {
        try self.init(Self.node(of: tokenizerJSON, file: file))
        if let configurationJSON {
            let name = (file as NSString).deletingLastPathComponent
            let path = (name as NSString).appendingPathComponent("tokenizer_config.json")
            try read(SpecialTokens(Self.node(of: configurationJSON, file: path)))
        }
    }

    /// The remedy in errors if a file is JSON of another form.
    static let remedy = "this is not a tokenizer as known here"

    /// Reads a file. If a key occurs twice, the last one counts, as in the reference
    /// implementation.
    static func node(of data: Data, file: String) throws(InputError) -> JSONNode {
        let value = try JSON(
            data, file: file, remedy: "the file is damaged or is not JSON: fetch it again",
            repeatedKeys: .kept)
        return JSONNode(value, file: file, remedy: remedy)
    }

    init(_ root: JSONNode) throws(InputError) {
        let preTokenizer = try root.member("pre_tokenizer")
        let compiled =
            if let preTokenizer { try PreTokenizer(preTokenizer) } else { PreTokenizer() }
        self.init(
            model: try TokenModel(try root.required("model"), isByteLevel: compiled.isByteLevel))
        self.preTokenizer = compiled
        if !model.encodesBytes { self.preTokenizer.spellBytes() }
        if let place = try root.member("normalizer") { normalizer = try Normalizer(place) }
        if let place = try root.member("post_processor") {
            postProcessor = try PostProcessor(place)
        }
        if let place = try root.member("decoder") { decoder = try TokenDecoder(place) }
        for key in ["normalizer", "pre_tokenizer", "post_processor", "decoder"] {
            components.append(JSON.Member(key: key, value: try root.member(key)?.value ?? .null))
        }
        for place in try root.member("added_tokens")?.elements() ?? [] {
            addedTokens.append(try addedToken(place))
        }
        indexAddedTokens()
    }

    /// Reads an element of `added_tokens`.
    private func addedToken(_ place: JSONNode) throws(InputError) -> AddedToken {
        let token = try AddedToken(place, identifier: place.required("id").count())
        guard token.identifier <= Vocabulary.greatestIdentifier else {
            throw place.error("the identifier is out of range", "check the file")
        }
        let known = model.vocabulary.identifier(of: token.content).map(Int.init)
        if let known, known != token.identifier {
            throw place.error(
                "the token has the identifier \(token.identifier) here and \(known) in the model",
                "make both the same")
        }
        if known == nil, model.vocabulary.bytes(token.identifier) != nil {
            throw place.error(
                "the identifier \(token.identifier) belongs to another token of the model",
                "give the added token an identifier of its own")
        }
        return token
    }

    /// Replaces the post-processor.
    mutating func surround(
        first: SpecialToken?, last: SpecialToken?, file: String
    ) throws(InputError) {
        let template = PostProcessor.template(
            first: first.map { ($0.text, $0.identifier) },
            last: last.map { ($0.text, $0.identifier) })
        postProcessor = try PostProcessor(
            JSONNode(template, file: file, path: "post_processor", remedy: Self.remedy))
        components.removeAll { $0.key == "post_processor" }
        components.append(JSON.Member(key: "post_processor", value: template))
    }
}
