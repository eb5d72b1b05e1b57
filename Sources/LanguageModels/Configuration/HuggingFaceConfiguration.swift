// SPDX-License-Identifier: Apache-2.0
// The keys of Hugging Face's config.json, in old and in new spelling.

import Foundation
import JSONText

/// The keys of config.json that describe the computation of a decoder.
struct HuggingFaceConfiguration: Decodable {
    /// One identifier or several.
    struct Identifiers: Decodable {
        let values: [Int]

        init(from decoder: any Decoder) throws {
            let box = try decoder.singleValueContainer()
            values = try (try? [box.decode(Int.self)]) ?? box.decode([Int].self)
        }
    }

    var modelType: String?
    var vocabularySize: Int
    var width: Int
    var feedForwardWidth: Int
    var layerCount: Int
    var headCount: Int
    var keyValueHeadCount: Int?
    var headDimension: Int?
    var contextLength: Int?
    var epsilon: Float?
    var layerEpsilon: Float?
    var otherEpsilon: Float?
    var activation: String?
    var hiddenActivation: String?
    var headIsTied: Bool?
    var attentionHasBias: Bool?
    var feedForwardHasBias: Bool?
    var keysHaveBias: Bool?
    var hasBias: Bool?
    var normalisesHeads: Bool?
    var normalisesCohereHeads: Bool?
    var isParallel: Bool?
    var isBidirectional: Bool?
    var clip: Double?
    // Windows
    var usesSlidingWindow: Bool?
    /// The outer optional is nil if the key is missing, the inner one for a null.
    var slidingWindow: Int??
    var slidingWindowPattern: Int?
    var firstWindowedLayer: Int?
    var layerTypes: [String]?
    // Positions
    var ropeTheta: Double?
    var localRopeTheta: Double?
    var ropeScaling: Rope?
    var ropeParameters: RopeParameters?
    var partialRotaryFactor: Double?
    var originalContextLength: Int?
    var layersWithRotary: [Int]?
    var rotaryInterval: Int?
    // Caps and factors
    var attentionSoftCap: Float?
    var logitSoftCap: Float?
    /// The number by whose root scores are divided, instead of the head's width.
    var attentionScalar: Float?
    var attentionMultiplier: Float?
    var embeddingMultiplier: Float?
    var residualMultiplier: Float?
    var logitDivisor: Float?
    var logitScale: Float?
    // Experts
    var expertCount: Int?
    var localExpertCount: Int?
    var expertsPerToken: Int?
    var expertWidth: Int?
    var sharedExpertWidth: Int?
    var expertWeightsAddUp: Bool?
    var expertInterval: Int?
    var denseLayers: [Int]?
    var gateSlope: Double?
    var gateLimit: Double?

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case vocabularySize = "vocab_size"
        case width = "hidden_size"
        case feedForwardWidth = "intermediate_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case keyValueHeadCount = "num_key_value_heads"
        case headDimension = "head_dim"
        case contextLength = "max_position_embeddings"
        case epsilon = "rms_norm_eps"
        case layerEpsilon = "layer_norm_eps"
        case otherEpsilon = "norm_epsilon"
        case activation = "hidden_act"
        case hiddenActivation = "hidden_activation"
        case headIsTied = "tie_word_embeddings"
        case attentionHasBias = "attention_bias"
        case feedForwardHasBias = "mlp_bias"
        case keysHaveBias = "use_qkv_bias"
        case hasBias = "use_bias"
        case normalisesHeads = "qk_layernorm"
        case normalisesCohereHeads = "use_qk_norm"
        case isParallel = "use_parallel_residual"
        case isBidirectional = "use_bidirectional_attention"
        case clip = "clip_qkv"
        case usesSlidingWindow = "use_sliding_window"
        case slidingWindow = "sliding_window"
        case slidingWindowPattern = "sliding_window_pattern"
        case firstWindowedLayer = "max_window_layers"
        case layerTypes = "layer_types"
        case ropeTheta = "rope_theta"
        case localRopeTheta = "rope_local_base_freq"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case partialRotaryFactor = "partial_rotary_factor"
        case originalContextLength = "original_max_position_embeddings"
        case layersWithRotary = "no_rope_layers"
        case rotaryInterval = "no_rope_layer_interval"
        case attentionSoftCap = "attn_logit_softcapping"
        case logitSoftCap = "final_logit_softcapping"
        case attentionScalar = "query_pre_attn_scalar"
        case attentionMultiplier = "attention_multiplier"
        case embeddingMultiplier = "embedding_multiplier"
        case residualMultiplier = "residual_multiplier"
        case logitDivisor = "logits_scaling"
        case logitScale = "logit_scale"
        case expertCount = "num_experts"
        case localExpertCount = "num_local_experts"
        case expertsPerToken = "num_experts_per_tok"
        case expertWidth = "moe_intermediate_size"
        case sharedExpertWidth = "shared_expert_intermediate_size"
        case expertWeightsAddUp = "norm_topk_prob"
        case expertInterval = "decoder_sparse_step"
        case denseLayers = "mlp_only_layers"
        case gateSlope = "swiglu_alpha"
        case gateLimit = "swiglu_limit"
    }

    /// The keys that decide whether the rest can be read.
    private struct Header: Decodable {
        var modelType: String?
        enum CodingKeys: String, CodingKey { case modelType = "model_type" }
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) {}
    }
}

extension HuggingFaceConfiguration {
    /// Reads config.json.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - file: The file's name, for errors.
    /// - Returns: The keys and their family.
    /// - Throws: `InputError` that names the file and the key.
    static func read(_ data: Data, file: String) throws -> (HuggingFaceConfiguration, Family) {
        let data = try PythonJSON.readable(data, file: file, remedy: "use an intact checkpoint")
        do {
            let decoder = PythonJSON.decoder
            let header = try decoder.decode(Header.self, from: data)
            if let type = header.modelType, let family = Family.named(type) {
                return (try keys(of: family, data), family)
            }
            // A model of several kinds of input describes its decoder in a part of the file.
            let outer = try JSON(
                data, file: file, remedy: "use an intact checkpoint", repeatedKeys: .kept,
                greatestDepth: 512)
            let top = JSONNode(outer, file: file, remedy: "use an intact checkpoint")
            guard let text = try top.member("text_config"),
                let family = try Family.named(text.required("model_type").string())
            else {
                throw unsupported(
                    header.modelType, key: "model_type", file: file,
                    supported: Family.all.map(\.modelType))
            }
            // Old files leave out what is the family's default.
            var members = try text.members()
            members += family.defaults.filter { new in !members.contains { $0.key == new.key } }
            return (try keys(of: family, JSON.object(members).data(.compact)), family)
        } catch let error as DecodingError {
            throw InputError(error, in: data, file: file, remedy: "use an intact checkpoint")
        }
    }

    private static func keys(of family: Family, _ data: Data) throws -> HuggingFaceConfiguration {
        var keys = try JSONDecoder().decode(HuggingFaceConfiguration.self, from: data)
        let names = try JSONDecoder().decode([String: Ignored].self, from: data).keys
        if keys.slidingWindow == nil, names.contains(CodingKeys.slidingWindow.rawValue) {
            keys.slidingWindow = .some(nil)
        }
        return keys
    }

    static func unsupported(_ found: String?, key: String, file: String, supported: [String])
        -> InputError
    {
        InputError(
            file: file, position: key,
            found.map { "\"\($0)\" is not a supported architecture" } ?? "is missing",
            remedy: "supported are \(supported.joined(separator: ", "))")
    }
}
