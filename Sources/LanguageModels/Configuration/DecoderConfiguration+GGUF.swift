// SPDX-License-Identifier: Apache-2.0
// A configuration from the key-values of a GGUF file.

import Checkpoints
import JSONText

extension DecoderConfiguration {
    /// Reads the hyperparameters of a GGUF file.
    ///
    /// - Parameters:
    ///   - checkpoint: The opened file.
    ///   - file: The file's name, for errors.
    /// - Throws: `InputError` that names the file and the key.
    init(gguf checkpoint: Checkpoint, file: String) throws {
        let keys = GGUFKeys(metadata: checkpoint.metadata, file: file)
        let architecture = checkpoint.metadata["general.architecture"]?.string
        guard let family = Family.all.first(where: { $0.ggufArchitecture == architecture }),
            let prefix = family.ggufArchitecture
        else {
            throw HuggingFaceConfiguration.unsupported(
                architecture, key: "general.architecture", file: file,
                supported: Family.all.compactMap(\.ggufArchitecture))
        }
        let width = try keys.integer("\(prefix).embedding_length")
        let headCount = try keys.integer("\(prefix).attention.head_count")
        guard headCount > 0 else {
            throw keys.bad("\(prefix).attention.head_count", "\(headCount) is not 1 or more")
        }
        var values = HuggingFaceConfiguration(
            vocabularySize: try keys.vocabularySize(prefix, checkpoint: checkpoint), width: width,
            feedForwardWidth: try keys.integer("\(prefix).feed_forward_length"),
            layerCount: try keys.integer("\(prefix).block_count"), headCount: headCount)
        values.keyValueHeadCount = try keys.integer(
            "\(prefix).attention.head_count_kv", default: headCount)
        values.headDimension = try keys.integer(
            "\(prefix).attention.key_length", default: width / headCount)
        values.contextLength = try keys.integer("\(prefix).context_length")
        values.epsilon = Float(try keys.number("\(prefix).attention.layer_norm_rms_epsilon"))
        values.headIsTied = checkpoint.tensors["output.weight"] == nil
        if let window = try keys.optionalInteger("\(prefix).attention.sliding_window") {
            values.slidingWindow = window
            values.usesSlidingWindow = true
        }
        try self.init(values, family: family, file: file)
        biasedProjections = LayerProjection.allCases.filter {
            checkpoint.tensors["blk.0.\(GGUFNames.stem(of: $0)).bias"] != nil
        }
        attention.rotary = try keys.rotary(prefix, checkpoint: checkpoint)
        try checkRanges()
    }
}

/// Key-values of a GGUF file, with errors that name the key.
private struct GGUFKeys {
    let metadata: [String: MetadataValue]
    let file: String

    func bad(_ key: String, _ problem: String) -> InputError {
        InputError(
            "\(file), \(key)", problem, remedy: "download or export the file again")
    }

    func optionalInteger(_ key: String) throws -> Int? {
        guard let value = metadata[key] else { return nil }
        guard let integer = value.integer else { throw bad(key, "is not an integer") }
        return integer
    }

    func integer(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard let value = try optionalInteger(key) ?? fallback else { throw bad(key, "is missing") }
        return value
    }

    func number(_ key: String, default fallback: Double? = nil) throws -> Double {
        guard let value = metadata[key] else {
            guard let fallback else { throw bad(key, "is missing") }
            return fallback
        }
        guard let number = value.floatingPoint else { throw bad(key, "is not a number") }
        return number
    }

    func vocabularySize(_ prefix: String, checkpoint: Checkpoint) throws -> Int {
        if let shape = checkpoint.tensors["token_embd.weight"]?.shape, let rows = shape.first {
            return rows
        }
        return try integer("\(prefix).vocab_size")
    }

    func rotary(_ prefix: String, checkpoint: Checkpoint) throws -> RotaryEmbedding {
        let base = try number("\(prefix).rope.freq_base", default: 10_000)
        let key = "\(prefix).rope.scaling.type"
        let type = metadata[key]?.string ?? "none"
        switch type {
        case "none":
            break
        case "linear":
            let factor = try number("\(prefix).rope.scaling.factor")
            return RotaryEmbedding(base: base, scaling: .linear(factor: factor))
        default:
            throw bad(key, "\"\(type)\" is not supported (supported are none, linear)")
        }
        guard checkpoint.tensors["rope_freqs.weight"] != nil else {
            return RotaryEmbedding(base: base)
        }
        return try llama3(base: base, stretches: checkpoint.float32("rope_freqs.weight"))
    }

    /// Returns Llama 3.1's scaling. GGUF keeps it only as one stretch for each frequency. The
    /// numbers from which these were made are published, so they are recognised.
    private func llama3(base: Double, stretches: [Float]) throws -> RotaryEmbedding {
        let numbers = RotaryEmbedding.Llama3(
            factor: Double(stretches.max() ?? 1), lowFrequencyFactor: 1, highFrequencyFactor: 4,
            originalContextLength: 8192)
        let dimension = 2 * stretches.count
        let scaled = RotaryEmbedding(base: base, scaling: .llama3(numbers))
            .frequencies(dimension: dimension)
        let plain = RotaryEmbedding(base: base).frequencies(dimension: dimension)
        let isRecognised = zip(zip(scaled, plain), stretches).allSatisfy {
            abs($0.1 / $0.0 - $1) <= 1e-3 * $1
        }
        guard isRecognised else {
            throw InputError(
                "\(file), rope_freqs.weight", "holds a scaling other than Llama 3.1's",
                remedy: "use the safetensors checkpoint of this model")
        }
        return RotaryEmbedding(base: base, scaling: .llama3(numbers))
    }
}
