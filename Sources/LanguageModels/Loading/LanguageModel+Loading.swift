// SPDX-License-Identifier: Apache-2.0
// Opens a model from a Hugging Face directory, a safetensors file in one, or a GGUF file.

public import Checkpoints
public import Foundation
import Tensors
public import Tokenization

extension LanguageModel {
    /// Loads a model in fp32. Weights stored in fp32 are mapped, not copied.
    ///
    /// - Parameters:
    ///   - url: A Hugging Face directory, a `.safetensors` file in one, or a `.gguf` file.
    ///   - name: The model's name; by default that of the GGUF file or the directory.
    /// - Throws: `InputError` with the file, the position in it and a remedy.
    public init(at url: URL, name: String? = nil) throws {
        try self.init(Checkpoint(at: url), at: url, files: nil, name: name)
    }

    /// Loads a model only from files that are held open. The loaded bytes are the hashed bytes,
    /// even if the paths now lead elsewhere.
    ///
    /// - Parameters:
    ///   - files: The files. Weights stored in fp32 stay mapped.
    ///   - url: Their place: a Hugging Face directory or a `.gguf` file.
    /// - Throws: The same errors as `init(at:name:)`.
    public init(_ files: OpenModel, at url: URL) throws {
        try self.init(Checkpoint(files, at: url), at: url, files: files, name: nil)
    }

    private init(
        _ checkpoint: Checkpoint, at url: URL, files: OpenModel?, name: String?
    ) throws {
        switch checkpoint.format {
        case .gguf:
            let model = GGUFModel(checkpoint)
            let file = URL(filePath: model.file).deletingPathExtension()
            try self.init(gguf: model, name: name ?? file.lastPathComponent)
        case .safetensors:
            let directory = checkpoint.directory ?? url
            try self.init(
                checkpoint, in: ModelDirectory(directory, files: files),
                name: name ?? directory.standardizedFileURL.lastPathComponent)
        }
    }

    /// Loads only the tokenizer of a model.
    ///
    /// - Parameter url: A Hugging Face directory, a file in one, or a `.gguf` file.
    /// - Returns: The tokenizer.
    /// - Throws: `InputError` with the file, the position in it and a remedy.
    public static func tokenizer(at url: URL) throws -> Tokenizer {
        let checkpoint = try Checkpoint(at: url)
        return switch checkpoint.format {
        case .gguf: try GGUFModel(checkpoint).tokenizer()
        case .safetensors: try ModelDirectory(checkpoint.directory ?? url).tokenizer()
        }
    }

    private init(gguf: GGUFModel, name: String) throws {
        let configuration = try DecoderConfiguration(gguf: gguf.checkpoint, file: gguf.file)
        try self.init(
            name: name, configuration: configuration,
            weights: WeightLoading(
                checkpoint: gguf.checkpoint, configuration: configuration, file: gguf.file
            ).load(),
            tokenizer: gguf.tokenizer(), chatTemplate: gguf.chatTemplate(),
            stopTokens: gguf.stopTokens)
    }

    private init(_ checkpoint: Checkpoint, in directory: ModelDirectory, name: String) throws {
        let configuration = try DecoderConfiguration(
            huggingFace: directory.required("config.json"), file: directory.path("config.json")
        ).untyingOtherHead(in: checkpoint)
        let tokenizer = try directory.tokenizer()
        var stopTokens = try directory.stopTokens()
        if let token = tokenizer.eosToken { stopTokens.insert(token.identifier) }
        try self.init(
            name: name, configuration: configuration,
            weights: WeightLoading(
                checkpoint: checkpoint, configuration: configuration,
                file: checkpoint.files.first?.lastPathComponent ?? name
            ).load(),
            tokenizer: tokenizer, chatTemplate: directory.chatTemplate(), stopTokens: stopTokens)
    }
}
