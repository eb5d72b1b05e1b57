// SPDX-License-Identifier: Apache-2.0
// The small files of a Hugging Face directory, besides the weights.

import Checkpoints
import Foundation
import JSONText
import Tokenization

/// A directory that holds a model in Hugging Face's form.
struct ModelDirectory {
    let url: URL
    /// The only files that are visible; nil for all files of the file system.
    private let files: OpenModel?

    init(_ url: URL, files: OpenModel? = nil) {
        self.url = url
        self.files = files
    }

    func path(_ file: String) -> String { url.appending(path: file).path(percentEncoded: false) }

    func required(_ file: String) throws -> Data {
        guard let data = try optional(file) else {
            if try optional(OpenModel.adapterConfigurationName) != nil {
                throw InputError(
                    url.path(percentEncoded: false), "holds an adapter and no model",
                    remedy: "name the model that it was trained on, and this directory with "
                        + "--adapter")
            }
            throw InputError(
                path(file), "is missing",
                remedy: "copy it into the model's directory from where the model was published")
        }
        return data
    }

    func tokenizer() throws -> Tokenizer {
        try Tokenizer(directory: url.path(percentEncoded: false), reading: optional)
    }

    func chatTemplate() throws -> ChatTemplate? {
        if let data = try optional("chat_template.jinja") {
            return try ChatTemplate(String(decoding: data, as: UTF8.self))
        }
        let keys = try optional("tokenizer_config.json", as: TokenizerKeys.self)
        return try keys?.chatTemplate?.source.map { try ChatTemplate($0) }
    }

    /// Returns the tokens that end an answer, by generation_config.json or by config.json: each is
    /// right in some releases where the other lacks one.
    func stopTokens() throws -> Set<Int> {
        try ["generation_config.json", "config.json"].reduce(into: []) { tokens, file in
            tokens.formUnion(try optional(file, as: StopKeys.self)?.eosToken?.values ?? [])
        }
    }

    private func optional(_ file: String) throws -> Data? {
        if let files { return try files.data(of: file) }
        let place = url.appending(path: file)
        guard FileManager.default.fileExists(atPath: path(file)) else { return nil }
        do {
            return try Data(contentsOf: place)
        } catch {
            throw InputError(
                path(file), "cannot be read", remedy: "check the file's permissions")
        }
    }

    private func optional<Keys: Decodable>(_ file: String, as type: Keys.Type) throws -> Keys? {
        guard let stored = try optional(file) else { return nil }
        let remedy = "use an intact checkpoint"
        let data = try PythonJSON.readable(stored, file: path(file), remedy: remedy)
        do {
            return try PythonJSON.decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw InputError(error, in: data, file: path(file), remedy: remedy)
        }
    }
}

private struct StopKeys: Decodable {
    var eosToken: HuggingFaceConfiguration.Identifiers?

    enum CodingKeys: String, CodingKey { case eosToken = "eos_token_id" }
}

private struct TokenizerKeys: Decodable {
    /// One template, or several with names.
    enum Template: Decodable {
        case single(String)
        case named([[String: String]])

        init(from decoder: any Decoder) throws {
            let box = try decoder.singleValueContainer()
            self =
                try (try? .single(box.decode(String.self)))
                ?? .named(box.decode([[String: String]].self))
        }

        var source: String? {
            switch self {
            case .single(let source): source
            case .named(let list): list.first { $0["name"] == "default" }?["template"]
            }
        }
    }

    var chatTemplate: Template?

    enum CodingKeys: String, CodingKey { case chatTemplate = "chat_template" }
}
