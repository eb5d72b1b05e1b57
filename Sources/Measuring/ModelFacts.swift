// SPDX-License-Identifier: Apache-2.0
// What a checkpoint is, without measuring anything: what `temper info` prints.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
public import Records
import Tokenization

/// The facts about a model, with an adapter on it or without one.
public struct ModelFacts: Codable, Sendable, Hashable {
    /// An adapter's own facts.
    public struct Adapter: Codable, Sendable, Hashable {
        /// The ranks of its additions, in ascending order.
        public let ranks: [Int]
        /// The modules that get an addition, such as `q_proj`.
        public let targets: [String]
        /// The modules that it stores whole.
        public let replacedModules: [String]
        /// The number of scalars in its files.
        public let parameterCount: Int
        /// The base that it was trained on, by its trainer's word.
        public let statedBase: String?
    }

    /// A token at which an answer ends.
    public struct StopToken: Codable, Sendable, Hashable {
        /// The token's identifier.
        public let identifier: Int
        /// Its text.
        public let text: String

        package init(identifier: Int, text: String) {
            self.identifier = identifier
            self.text = text
        }
    }

    /// The model's name, digest, format, family and size, and those of the adapter.
    public let identity: ModelIdentity
    /// The adapter's own facts; nil without one.
    public let adapter: Adapter?
    /// The number of parameters by which each token is multiplied.
    public let activeParameterCount: Int
    /// The number of elements that the base's files store in each type, such as `BF16`.
    public let storedTypes: [String: Int]
    /// The longest sequence, in tokens.
    public let contextLength: Int
    /// The kind of tokenizer, as its file calls it, such as `BPE`.
    public let tokenizer: String
    /// The number of tokens in the vocabulary.
    public let vocabularySize: Int
    /// Whether the checkpoint has a chat template.
    public let hasChatTemplate: Bool
    /// The tokens at which an answer ends, by identifier.
    public let stopTokens: [StopToken]

    /// Collects the facts.
    ///
    /// - Parameter loaded: The model, with its files.
    /// - Throws: `InputError` when a file cannot be read.
    public init(_ loaded: LoadedModel) throws {
        let model = loaded.model
        let checkpoint = try Checkpoint(loaded.files, at: loaded.files.url)
        identity = loaded.identity
        adapter = loaded.adapter.map {
            Adapter(
                ranks: $0.ranks, targets: $0.targets, replacedModules: $0.replacedModules,
                parameterCount: $0.parameterCount, statedBase: $0.statedBase)
        }
        activeParameterCount = model.matrixParameterCount
        storedTypes = checkpoint.tensors.values.reduce(into: [:]) {
            $0[$1.elementType.rawValue, default: 0] += $1.count
        }
        contextLength = model.configuration.contextLength
        tokenizer = try Self.tokenizerKind(of: checkpoint, loaded.files)
        vocabularySize = model.tokenizer.vocabularySize
        hasChatTemplate = model.chatTemplate != nil
        stopTokens = model.stopTokens.sorted().map {
            StopToken(
                identifier: $0,
                text: model.tokenizer.decode([$0], skippingSpecialTokens: false))
        }
    }

    private static func tokenizerKind(
        of checkpoint: Checkpoint, _ files: OpenModel
    ) throws -> String {
        if checkpoint.format == .gguf {
            return checkpoint.metadata["tokenizer.ggml.model"]?.string ?? "unknown"
        }
        let name = "tokenizer.json"
        guard let data = try files.data(of: name) else { return "SentencePiece" }
        let file = files.url.appending(path: name).path(percentEncoded: false)
        let top = JSONNode(
            try JSON(data, file: file, repeatedKeys: .kept), file: file,
            remedy: "use an intact file")
        return try top.member("model")?.member("type")?.string() ?? "unknown"
    }
}
