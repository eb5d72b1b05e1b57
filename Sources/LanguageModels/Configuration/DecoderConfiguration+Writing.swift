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
        let family = Family.named(family)
        let own = family?.keys(self) ?? []
        let common = sizeKeys + attentionKeys + positionKeys + otherKeys
        let replaced = Set(own.map(\.key))
        return [("architectures", family.map { .array([.string($0.architecture)]) })]
            + common.filter { !replaced.contains($0.key) } + own
    }

    private var sizeKeys: [(key: String, value: JSON?)] {
        [
            ("model_type", .string(family)),
            ("vocab_size", .integer(vocabularySize)),
            ("hidden_size", .integer(width)),
            ("intermediate_size", .integer(feedForwardWidth)),
            ("num_hidden_layers", .integer(layerCount)),
            ("num_attention_heads", .integer(attention.headCount)),
            ("num_key_value_heads", .integer(attention.keyValueHeadCount)),
            ("head_dim", .integer(attention.headDimension)),
        ]
    }

    private var attentionKeys: [(key: String, value: JSON?)] {
        let window = attention.slidingWindow
        // transformers treats a Mistral with the types of its layers as another family.
        let namesLayers = window?.layers != nil || Family.named(family)?.namesLayerTypes == true
        let types = (0..<layerCount).map { layer -> JSON in
            .string(
                attention.window(ofLayer: layer) == nil ? "full_attention" : "sliding_attention")
        }
        return [
            ("attention_bias", .boolean(biasedProjections.contains(.query))),
            ("mlp_bias", .boolean(biasedProjections.contains(.up))),
            ("use_sliding_window", .boolean(window != nil)),
            ("sliding_window", window.map { .integer($0.size) } ?? .null),
            ("layer_types", namesLayers ? .array(types) : nil),
            ("attn_logit_softcapping", attention.softCap.map { .shortest($0) }),
        ]
    }

    private var positionKeys: [(key: String, value: JSON?)] {
        let rotary = attention.rotary
        var (context, original): (Int, JSON?) = (contextLength, nil)
        if case .dynamic(_, let original) = rotary.scaling { context = original }
        if case .longRope(let numbers) = rotary.scaling {
            original = .integer(numbers.originalContextLength)
        }
        var parameters: JSON?
        if let windowed = attention.windowedRotary {
            parameters = .members([
                "full_attention": .object(rotary.members(contextLength: contextLength)),
                "sliding_attention": .object(windowed.members(contextLength: contextLength)),
            ])
        } else if rotary.growth != nil {
            parameters = .object(rotary.members(contextLength: contextLength))
        }
        let hasShare = Family.named(family)?.rotaryShare != nil
        return [
            ("max_position_embeddings", .integer(context)),
            ("original_max_position_embeddings", original),
            ("rope_theta", .number(rotary.base)),
            ("rope_local_base_freq", attention.windowedRotary.map { .number($0.base) }),
            ("rope_parameters", parameters),
            (
                "rope_scaling",
                parameters == nil
                    ? rotary.scalingMembers(contextLength: contextLength).map { .object($0) } : nil
            ),
            ("partial_rotary_factor", hasShare ? .number(rotary.share) : nil),
        ]
    }

    private var otherKeys: [(key: String, value: JSON?)] {
        let epsilon = JSON.shortest(normalisation.epsilon)
        let isRootMeanSquare = normalisation.kind == .rootMeanSquare
        let activation = feedForward.activation
        return [
            ("rms_norm_eps", isRootMeanSquare ? epsilon : nil),
            ("layer_norm_eps", isRootMeanSquare ? nil : epsilon),
            ("norm_epsilon", isRootMeanSquare ? nil : epsilon),
            ("hidden_act", .string(activation.rawValue)),
            ("hidden_activation", activation == .silu ? nil : .string(activation.rawValue)),
            ("tie_word_embeddings", .boolean(headIsTied)),
            ("final_logit_softcapping", logitSoftCap.map { .shortest($0) }),
        ]
    }
}

extension RotaryEmbedding {
    /// The keys of `rope_parameters`.
    fileprivate func members(contextLength: Int) -> [JSON.Member] {
        var members: [JSON.Member] = [.init(key: "rope_theta", value: .number(base))]
        members +=
            scalingMembers(contextLength: contextLength)
            ?? [.init(key: "rope_type", value: "default")]
        if let growth {
            members += [.init(key: "llama_4_scaling_beta", value: .number(growth.rate))]
            if !members.contains(where: { $0.key == "original_max_position_embeddings" }) {
                members.append(
                    .init(
                        key: "original_max_position_embeddings",
                        value: .integer(growth.originalContextLength)))
            }
        }
        return members
    }

    /// The keys of `rope_scaling`; nil without a scaling.
    fileprivate func scalingMembers(contextLength: Int) -> [JSON.Member]? {
        let pairs: KeyValuePairs<String, JSON?>
        switch scaling {
        case .none: return nil
        case .linear(let factor):
            pairs = ["rope_type": "linear", "factor": .number(factor)]
        case .dynamic(let factor, _):
            pairs = ["rope_type": "dynamic", "factor": .number(factor)]
        case .proportional(let factor, let share):
            pairs = [
                "rope_type": "proportional", "factor": .number(factor),
                "partial_rotary_factor": .number(share),
            ]
        case .llama3(let numbers):
            pairs = [
                "rope_type": "llama3", "factor": .number(numbers.factor),
                "low_freq_factor": .number(numbers.lowFrequencyFactor),
                "high_freq_factor": .number(numbers.highFrequencyFactor),
                "original_max_position_embeddings": .integer(numbers.originalContextLength),
            ]
        case .yarn(let numbers):
            pairs = [
                "rope_type": "yarn", "factor": .number(numbers.factor),
                "beta_fast": .number(numbers.fastTurns), "beta_slow": .number(numbers.slowTurns),
                "original_max_position_embeddings": .integer(numbers.originalContextLength),
                "truncate": .boolean(numbers.truncates),
                "attention_factor": .number(numbers.amplitude),
            ]
        case .longRope(let numbers):
            let derived = LongRope.amplitude(
                contextLength: contextLength, originalContextLength: numbers.originalContextLength)
            pairs = [
                "rope_type": "longrope", "type": "longrope",
                "short_factor": .array(numbers.short.map { .number($0) }),
                "long_factor": .array(numbers.long.map { .number($0) }),
                "original_max_position_embeddings": .integer(numbers.originalContextLength),
                "attention_factor":
                    numbers.amplitude == derived ? nil : .number(numbers.amplitude),
            ]
        }
        return pairs.compactMap { key, value in value.map { .init(key: key, value: $0) } }
    }
}

extension JSON {
    /// Returns a number with the fewest digits that read back as the same binary32 number.
    static func shortest(_ value: Float) -> JSON {
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
