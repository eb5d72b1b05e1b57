// SPDX-License-Identifier: Apache-2.0
// The ranges of a configuration's numbers.

import JSONText

extension DecoderConfiguration {
    /// Refuses numbers that no real model has, before anything of that size is allocated.
    func checkRanges() throws {
        for size in sizes where size.value < 1 || size.value > size.maximum {
            throw Self.outOfRange(size.key, "\(size.value) is not in 1...\(size.maximum)")
        }
        if attention.headCount % attention.keyValueHeadCount != 0 {
            throw Self.outOfRange(
                "num_key_value_heads",
                "\(attention.keyValueHeadCount) does not divide the \(attention.headCount) heads")
        }
        if attention.headDimension % 2 != 0 {
            throw Self.outOfRange("head_dim", "\(attention.headDimension) is odd")
        }
        if case .experts(let experts) = feedForward, experts.perToken > experts.count {
            throw Self.outOfRange(
                "num_experts_per_tok", "\(experts.perToken) is more than \(experts.count) experts")
        }
        for number in numbers where !number.isGood || !number.value.isFinite {
            throw Self.outOfRange(number.key, "\(number.value) is out of range")
        }
        for rotary in attention.rotaries {
            if let (key, problem) = rotary.problems(dimension: attention.headDimension).first {
                throw Self.outOfRange(key, problem)
            }
        }
    }

    private var sizes: [(key: String, value: Int, maximum: Int)] {
        var sizes: [(String, Int, Int)] = [
            ("vocab_size", vocabularySize, 1 << 22),
            ("hidden_size", width, 1 << 17),
            ("num_hidden_layers", layerCount, 1 << 10),
            ("max_position_embeddings", contextLength, 1 << 27),
            ("num_attention_heads", attention.headCount, 1 << 12),
            ("num_key_value_heads", attention.keyValueHeadCount, 1 << 12),
            ("head_dim", attention.headDimension, 1 << 12),
            ("sliding_window", attention.slidingWindow?.size ?? 1, 1 << 27),
        ]
        switch feedForward {
        case .gated(let inner, _), .plain(let inner, _):
            sizes.append(("intermediate_size", inner, 1 << 19))
        case .experts(let experts):
            sizes += [
                ("num_experts", experts.count, 1 << 12),
                ("num_experts_per_tok", experts.perToken, 1 << 12),
                ("moe_intermediate_size", experts.width, 1 << 19),
            ]
            if experts.sharedWidth != 0 {
                sizes.append(("shared_expert_intermediate_size", experts.sharedWidth, 1 << 19))
            }
            if experts.denseWidth != 0 || !experts.denseLayers.isEmpty {
                sizes.append(("intermediate_size", experts.denseWidth, 1 << 19))
            }
        }
        return sizes
    }

    private var numbers: [(key: String, value: Float, isGood: Bool)] {
        func isPositive(_ value: Float) -> Bool { value.isFinite && value > 0 }
        let epsilon = normalisation.epsilon
        return [
            ("rms_norm_eps", epsilon, epsilon >= 0 && epsilon < 1),
            ("norm offset", normalisation.weightOffset, normalisation.weightOffset.isFinite),
            ("embedding scale", embeddingScale, isPositive(embeddingScale)),
            ("residual scale", residualScale, isPositive(residualScale)),
            ("logit scale", logitScale, isPositive(logitScale)),
            ("attention scale", attention.scoreScale, isPositive(attention.scoreScale)),
            ("attn_logit_softcapping", attention.softCap ?? 1, (attention.softCap ?? 1) > 0),
            ("final_logit_softcapping", logitSoftCap ?? 1, (logitSoftCap ?? 1) > 0),
        ]
    }

    private static func outOfRange(_ key: String, _ problem: String) -> InputError {
        InputError(
            "model configuration, \(key)", problem,
            remedy: "correct the configuration or use an intact checkpoint")
    }
}
