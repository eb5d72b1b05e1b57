// SPDX-License-Identifier: Apache-2.0
// Writes a configuration as the keys of config.json, from which transformers makes the same
// decoder.

package import Foundation
package import JSONText

extension DecoderConfiguration {
    /// The keys of config.json with their values; a key with nil is not written.
    ///
    /// A number with a fraction is written with a point, because Python's readers distinguish 8.0
    /// from 8.
    package var huggingFaceKeys: [(key: String, value: JSON?)] {
        let known = Family.named(family)
        let namesBiases = known?.biasedProjections == nil
        let window = attention.slidingWindow
        // transformers treats a Mistral with this key as another family.
        let namesLayers =
            window != nil && (window?.layers != nil || known?.slidingWindowByDefault == nil)
        let types = (0..<layerCount).map { layer -> JSON in
            .string(
                attention.window(ofLayer: layer) == nil ? "full_attention" : "sliding_attention")
        }
        return [
            ("architectures", known.map { .array([.string($0.architecture)]) }),
            ("model_type", .string(family)),
            ("vocab_size", .integer(vocabularySize)),
            ("hidden_size", .integer(width)),
            ("intermediate_size", .integer(feedForwardWidth)),
            ("num_hidden_layers", .integer(layerCount)),
            ("num_attention_heads", .integer(attention.headCount)),
            ("num_key_value_heads", .integer(attention.keyValueHeadCount)),
            ("head_dim", .integer(attention.headDimension)),
            ("max_position_embeddings", .integer(contextLength)),
            ("rms_norm_eps", .shortest(normalisation.epsilon)),
            ("hidden_act", .string(activation.rawValue)),
            ("hidden_activation", activation == .silu ? nil : .string(activation.rawValue)),
            ("tie_word_embeddings", .boolean(headIsTied)),
            ("attention_bias", namesBiases ? .boolean(biasedProjections.contains(.query)) : nil),
            ("mlp_bias", namesBiases ? .boolean(biasedProjections.contains(.up)) : nil),
            (
                "use_sliding_window",
                known?.slidingWindowIsOptIn == true ? .boolean(window != nil) : nil
            ),
            (
                "sliding_window",
                window.map { .integer($0.size) }
                    ?? (known?.slidingWindowByDefault == nil ? nil : .null)
            ),
            ("layer_types", namesLayers ? .array(types) : nil),
            ("rope_theta", .number(attention.rotary.base)),
            ("rope_scaling", attention.rotary.scalingKeys),
            ("attn_logit_softcapping", attention.softCap.map { .shortest($0) }),
            ("final_logit_softcapping", logitSoftCap.map { .shortest($0) }),
            (
                "query_pre_attn_scalar",
                attention.scale.map { .integer(Int((1 / ($0 * $0)).rounded())) }
            ),
        ]
    }
}

extension RotaryEmbedding {
    fileprivate var scalingKeys: JSON? {
        switch scaling {
        case .none: nil
        case .linear(let factor):
            .members(["rope_type": .string("linear"), "factor": .number(factor)])
        case .llama3(let numbers):
            .members([
                "rope_type": .string("llama3"), "factor": .number(numbers.factor),
                "low_freq_factor": .number(numbers.lowFrequencyFactor),
                "high_freq_factor": .number(numbers.highFrequencyFactor),
                "original_max_position_embeddings": .integer(numbers.originalContextLength),
            ])
        }
    }
}

extension JSON {
    /// Returns a number with the fewest digits that read back as the same binary32 number.
    fileprivate static func shortest(_ value: Float) -> JSON {
        .number(Double("\(value)") ?? Double(value))
    }

    /// Returns a file's text: an object with sorted keys, one line for each, and a line break at
    /// the end.
    ///
    /// - Parameter members: The keys and values. Keys without a value are omitted.
    /// - Returns: The file's bytes.
    package static func file(_ members: [(key: String, value: JSON?)]) -> Data {
        let present = members.sorted { $0.key < $1.key }.compactMap { key, value in
            value.map { Member(key: key, value: $0) }
        }
        return JSON.object(present).data(.indented) + Data("\n".utf8)
    }
}
