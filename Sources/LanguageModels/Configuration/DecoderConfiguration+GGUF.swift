// SPDX-License-Identifier: Apache-2.0
// A configuration from the key-values of a GGUF file, by way of config.json's keys.

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
        let architecture = checkpoint.metadata["general.architecture"]?.string
        let candidates = Family.all.filter { $0.ggufArchitecture == architecture }
        guard let first = candidates.first, let architecture else {
            throw HuggingFaceConfiguration.unsupported(
                architecture, key: "general.architecture", file: file,
                supported: Set(Family.all.compactMap(\.ggufArchitecture)).sorted())
        }
        let keys = GGUFKeys(prefix: architecture, checkpoint: checkpoint, file: file)
        let hasExperts = try (keys.optionalInteger("expert_count") ?? 0) > 0
        let family = candidates.first { $0.isMixture == hasExperts } ?? first
        try self.init(keys.configuration(of: family), family: family, file: file)
        attention.rotary = try keys.rotary(like: attention, of: family, contextLength)
        if attention.windowedRotary?.scaling == attention.rotary.scaling {
            attention.windowedRotary = nil
        }
        biasedProjections = LayerProjection.allCases.filter { projection in
            GGUFNames.stems(of: projection).contains {
                checkpoint.tensors["blk.0.\($0).bias"] != nil
            }
        }
        try checkRanges()
    }
}

/// Key-values of a GGUF file, with errors that name the key.
struct GGUFKeys {
    /// The architecture, which stands in front of its keys.
    let prefix: String
    let checkpoint: Checkpoint
    let file: String

    func bad(_ key: String, _ problem: String) -> InputError {
        InputError(
            "\(file), \(prefix).\(key)", problem, remedy: "download or export the file again")
    }

    func value(_ key: String) -> MetadataValue? { checkpoint.metadata["\(prefix).\(key)"] }

    func optionalInteger(_ key: String) throws -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.integer else { throw bad(key, "is not an integer") }
        return integer
    }

    func integer(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard let value = try optionalInteger(key) ?? fallback else { throw bad(key, "is missing") }
        return value
    }

    func optionalNumber(_ key: String) throws -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.floatingPoint else { throw bad(key, "is not a number") }
        return number
    }

    private func float(_ key: String) throws -> Float? { try optionalNumber(key).map { Float($0) } }

    private func vocabularySize() throws -> Int {
        if let rows = checkpoint.tensors["token_embd.weight"]?.shape.first { return rows }
        return try integer("vocab_size")
    }

    /// Returns the keys that config.json of the same model has.
    func configuration(of family: Family) throws -> HuggingFaceConfiguration {
        let width = try integer("embedding_length")
        let headCount = try integer("attention.head_count")
        guard headCount > 0 else {
            throw bad("attention.head_count", "\(headCount) is not above 0")
        }
        let expertWidth = try optionalInteger("expert_feed_forward_length")
        var keys = HuggingFaceConfiguration(
            vocabularySize: try vocabularySize(), width: width,
            feedForwardWidth: try optionalInteger("feed_forward_length") ?? expertWidth
                ?? integer("feed_forward_length"),
            layerCount: try integer("block_count"), headCount: headCount)
        keys.keyValueHeadCount = try integer("attention.head_count_kv", default: headCount)
        let head = try integer("attention.key_length", default: width / headCount)
        keys.headDimension = head
        keys.contextLength = try integer("context_length")
        keys.epsilon = try float("attention.layer_norm_rms_epsilon")
        keys.layerEpsilon = try float("attention.layer_norm_epsilon")
        keys.otherEpsilon = keys.layerEpsilon
        guard keys.epsilon != nil || keys.layerEpsilon != nil else {
            throw bad("attention.layer_norm_rms_epsilon", "is missing")
        }
        keys.headIsTied = checkpoint.tensors["output.weight"] == nil
        if let turned = try optionalInteger("rope.dimension_count"), head > 0 {
            keys.partialRotaryFactor = Double(turned) / Double(head)
        }
        if let window = try optionalInteger("attention.sliding_window"), window > 0 {
            keys.slidingWindow = window
            keys.usesSlidingWindow = true
        }
        keys.attentionSoftCap = try float("attn_logit_softcapping")
        keys.logitSoftCap = try float("final_logit_softcapping")
        keys.isParallel = value("use_parallel_residual")?.boolean
        let hasHeadNorms = checkpoint.tensors["blk.0.attn_q_norm.weight"] != nil
        (keys.normalisesHeads, keys.normalisesCohereHeads) = (hasHeadNorms, hasHeadNorms)
        try readFactors(into: &keys, family: family)
        try readExperts(into: &keys, width: expertWidth)
        return keys
    }

    private func readFactors(
        into keys: inout HuggingFaceConfiguration, family: Family
    ) throws {
        keys.embeddingMultiplier = try float("embedding_scale")
        keys.residualMultiplier = try float("residual_scale")
        keys.attentionMultiplier = try float("attention.scale")
        keys.logitScale = try float("logit_scale")
        keys.logitDivisor = keys.logitScale
        // The files of Gemma do not say by what scores are divided, except by the model's size.
        if let large = ["gemma2": 46, "gemma3_text": 62][family.modelType] {
            let width = keys.layerCount == large ? keys.width / keys.headCount : keys.headDimension
            keys.attentionScalar = width.map { Float($0) }
        }
    }

    private func readExperts(into keys: inout HuggingFaceConfiguration, width: Int?) throws {
        guard let count = try optionalInteger("expert_count"), count > 0 else { return }
        keys.expertCount = count
        keys.expertsPerToken = try integer("expert_used_count")
        func rows(_ name: String) -> Int? { checkpoint.tensors[name]?.shape.dropLast().last }
        keys.expertWidth = width ?? rows("blk.0.ffn_up_exps.weight") ?? keys.feedForwardWidth
        keys.feedForwardWidth = keys.expertWidth ?? keys.feedForwardWidth
        keys.sharedExpertWidth =
            try optionalInteger("expert_shared_feed_forward_length")
            ?? rows("blk.0.ffn_up_shexp.weight")
        keys.expertWeightsAddUp =
            value("expert_weights_norm")?.boolean ?? (prefix == "qwen3moe")
    }
}
