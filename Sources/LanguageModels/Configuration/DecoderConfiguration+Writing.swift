// SPDX-License-Identifier: Apache-2.0
// A configuration as the keys of config.json, from which transformers makes the same decoder.

extension DecoderConfiguration {
    /// The keys of config.json with their values as JSON; nil for a key that is not written.
    package var huggingFaceKeys: [(key: String, value: String?)] {
        let known = Family.named(family)
        let namesBiases = known?.biasedProjections == nil
        let window = attention.slidingWindow
        // transformers takes a Mistral with this key for another family.
        let namesLayers =
            window != nil && (window?.layers != nil || known?.slidingWindowByDefault == nil)
        let types = (0..<layerCount).map {
            JSONText.string(
                attention.window(ofLayer: $0) == nil ? "full_attention" : "sliding_attention")
        }
        return [
            ("architectures", known.map { "[\(JSONText.string($0.architecture))]" }),
            ("model_type", JSONText.string(family)),
            ("vocab_size", "\(vocabularySize)"),
            ("hidden_size", "\(width)"),
            ("intermediate_size", "\(feedForwardWidth)"),
            ("num_hidden_layers", "\(layerCount)"),
            ("num_attention_heads", "\(attention.headCount)"),
            ("num_key_value_heads", "\(attention.keyValueHeadCount)"),
            ("head_dim", "\(attention.headDimension)"),
            ("max_position_embeddings", "\(contextLength)"),
            ("rms_norm_eps", "\(normalisation.epsilon)"),
            ("hidden_act", JSONText.string(activation.rawValue)),
            (
                "hidden_activation",
                activation == .silu ? nil : JSONText.string(activation.rawValue)
            ),
            ("tie_word_embeddings", "\(headIsTied)"),
            ("attention_bias", namesBiases ? "\(biasedProjections.contains(.query))" : nil),
            ("mlp_bias", namesBiases ? "\(biasedProjections.contains(.up))" : nil),
            ("use_sliding_window", known?.slidingWindowIsOptIn == true ? "\(window != nil)" : nil),
            (
                "sliding_window",
                window.map { "\($0.size)" }
                    ?? (known?.slidingWindowByDefault == nil ? nil : "null")
            ),
            ("layer_types", namesLayers ? "[\(types.joined(separator: ", "))]" : nil),
            ("rope_theta", "\(attention.rotary.base)"),
            ("rope_scaling", attention.rotary.scalingKeys.map(JSONText.inline)),
            ("attn_logit_softcapping", attention.softCap.map { "\($0)" }),
            ("final_logit_softcapping", logitSoftCap.map { "\($0)" }),
            (
                "query_pre_attn_scalar",
                attention.scale.map { "\(Int((1 / ($0 * $0)).rounded()))" }
            ),
        ]
    }
}

extension RotaryEmbedding {
    fileprivate var scalingKeys: [(key: String, value: String)]? {
        switch scaling {
        case .none: nil
        case .linear(let factor):
            [("rope_type", JSONText.string("linear")), ("factor", "\(factor)")]
        case .llama3(let numbers):
            [
                ("rope_type", JSONText.string("llama3")), ("factor", "\(numbers.factor)"),
                ("low_freq_factor", "\(numbers.lowFrequencyFactor)"),
                ("high_freq_factor", "\(numbers.highFrequencyFactor)"),
                ("original_max_position_embeddings", "\(numbers.originalContextLength)"),
            ]
        }
    }
}
