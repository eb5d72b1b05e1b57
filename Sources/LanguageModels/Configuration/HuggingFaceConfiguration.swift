// SPDX-License-Identifier: Apache-2.0
// The keys of Hugging Face's config.json, in old and in new spelling.

import Foundation
import JSONText

/// The keys of config.json that describe the computation of a decoder.
struct HuggingFaceConfiguration: Decodable {
    /// `rope_parameters` (transformers 5) or `rope_scaling` (before).
    struct Rope: Decodable {
        var ropeType: String?
        var type: String?
        var ropeTheta: Double?
        var factor: Double?
        var lowFrequencyFactor: Double?
        var highFrequencyFactor: Double?
        var originalContextLength: Int?

        enum CodingKeys: String, CodingKey {
            case ropeType = "rope_type"
            case type
            case ropeTheta = "rope_theta"
            case factor
            case lowFrequencyFactor = "low_freq_factor"
            case highFrequencyFactor = "high_freq_factor"
            case originalContextLength = "original_max_position_embeddings"
        }
    }

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
    var activation: String?
    var hiddenActivation: String?
    var headIsTied: Bool?
    var attentionHasBias: Bool?
    var feedForwardHasBias: Bool?
    var usesSlidingWindow: Bool?
    /// The outer optional is nil if the key is missing, the inner one for a null.
    var slidingWindow: Int??
    var firstWindowedLayer: Int?
    var layerTypes: [String]?
    var ropeTheta: Double?
    var ropeScaling: Rope?
    var ropeParameters: Rope?
    var partialRotaryFactor: Double?
    var attentionSoftCap: Float?
    var logitSoftCap: Float?
    /// The number by whose root scores are divided, instead of the head's width.
    var attentionScalar: Float?

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
        case activation = "hidden_act"
        case hiddenActivation = "hidden_activation"
        case headIsTied = "tie_word_embeddings"
        case attentionHasBias = "attention_bias"
        case feedForwardHasBias = "mlp_bias"
        case usesSlidingWindow = "use_sliding_window"
        case slidingWindow = "sliding_window"
        case firstWindowedLayer = "max_window_layers"
        case layerTypes = "layer_types"
        case ropeTheta = "rope_theta"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case partialRotaryFactor = "partial_rotary_factor"
        case attentionSoftCap = "attn_logit_softcapping"
        case logitSoftCap = "final_logit_softcapping"
        case attentionScalar = "query_pre_attn_scalar"
    }

    /// The keys that decide whether the rest can be read.
    struct Header: Decodable {
        var modelType: String?
        enum CodingKeys: String, CodingKey { case modelType = "model_type" }
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
            guard let type = header.modelType, let family = Family.named(type) else {
                throw unsupported(
                    header.modelType, key: "model_type", file: file,
                    supported: Family.all.map(\.modelType))
            }
            var keys = try decoder.decode(HuggingFaceConfiguration.self, from: data)
            let names = try decoder.decode([String: Ignored].self, from: data).keys
            if keys.slidingWindow == nil, names.contains(CodingKeys.slidingWindow.rawValue) {
                keys.slidingWindow = .some(nil)
            }
            return (keys, family)
        } catch let error as DecodingError {
            throw InputError(error, in: data, file: file, remedy: "use an intact checkpoint")
        }
    }

    static func unsupported(_ found: String?, key: String, file: String, supported: [String])
        -> InputError
    {
        InputError(
            file: file, position: key,
            found.map { "\"\($0)\" is not a supported architecture" } ?? "is missing",
            remedy: "supported are \(supported.joined(separator: ", "))")
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) {}
    }
}
