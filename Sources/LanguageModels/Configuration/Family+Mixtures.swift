// SPDX-License-Identifier: Apache-2.0
// The families with experts of which each token takes some.

import JSONText

extension Family {
    static let mixtures = [mixtral, qwen2MoE, qwen3MoE, olmoe, graniteMoE, gptOSS]

    static let mixtral = Family("mixtral", "MixtralForCausalLM") { decoder, keys, file in
        decoder.feedForward = .experts(
            try keys.experts(width: keys.feedForwardWidth, file: file))
        decoder.normalisation.epsilon = keys.epsilon ?? 1e-5
        decoder.attention.slidingWindow = keys.window(default: nil)
    }.with {
        $0.ropeTheta = 1_000_000
        $0.ggufArchitecture = "llama"
        $0.ggufPermutes = true
        $0.names.renamed = ["mlp.router": "block_sparse_moe.gate"]
        $0.names.experts = .each(
            path: "block_sparse_moe.experts", gate: "w1", up: "w3", down: "w2")
        $0.keys = { $0.expertKeys(count: "num_local_experts", width: "intermediate_size") }
    }

    static let qwen2MoE = Family("qwen2_moe", "Qwen2MoeForCausalLM") { decoder, keys, file in
        var experts = try keys.experts(width: keys.expertWidth, file: file)
        experts.weightsAddUp = keys.expertWeightsAddUp ?? false
        experts.sharedWidth = keys.sharedExpertWidth ?? 5632
        decoder.feedForward = .experts(experts)
        decoder.biasedProjections = [.query, .key, .value]
        decoder.readOptionalWindow(keys)
    }.with {
        $0.namesLayerTypes = true
        $0.ggufArchitecture = "qwen2moe"
        $0.names.renamed = ["mlp.router": "mlp.gate"]
        $0.keys = { $0.expertKeys() }
    }

    static let qwen3MoE = Family("qwen3_moe", "Qwen3MoeForCausalLM") { decoder, keys, file in
        var experts = try keys.experts(width: keys.expertWidth, file: file)
        experts.weightsAddUp = keys.expertWeightsAddUp ?? false
        decoder.feedForward = .experts(experts)
        decoder.readBiases(keys)
        decoder.attention.headNorm = .perHead
        if keys.usesSlidingWindow == true {
            decoder.attention.slidingWindow = keys.window(default: 4096)
        }
    }.with {
        $0.ggufArchitecture = "qwen3moe"
        $0.names.renamed = ["mlp.router": "mlp.gate"]
        $0.keys = { $0.expertKeys() }
    }

    static let olmoe = Family("olmoe", "OlmoeForCausalLM") { decoder, keys, file in
        var experts = try keys.experts(width: keys.feedForwardWidth, file: file)
        experts.weightsAddUp = keys.expertWeightsAddUp ?? false
        decoder.feedForward = .experts(experts)
        decoder.normalisation.epsilon = keys.epsilon ?? 1e-5
        decoder.readBiases(keys)
        decoder.attention.headNorm = .allHeads
    }.with {
        $0.ggufArchitecture = "olmoe"
        $0.names.renamed = ["mlp.router": "mlp.gate"]
        $0.keys = { $0.expertKeys(width: "intermediate_size") }
    }

    static let graniteMoE = Family("granitemoe", "GraniteMoeForCausalLM") { decoder, keys, file in
        decoder.feedForward = .experts(
            try keys.experts(width: keys.feedForwardWidth, file: file))
        decoder.readBiases(keys)
        decoder.readMultipliers(keys)
    }.with {
        $0.ggufArchitecture = "granitemoe"
        $0.ggufPermutes = true
        $0.names.renamed = ["mlp.router": "block_sparse_moe.router.layer"]
        $0.names.experts = .joined(
            gateUp: "block_sparse_moe.input_linear", down: "block_sparse_moe.output_linear")
        $0.keys = { decoder in
            decoder.expertKeys(count: "num_local_experts", width: "intermediate_size")
                + decoder.multiplierKeys
        }
    }

    static let gptOSS = Family("gpt_oss", "GptOssForCausalLM") { decoder, keys, file in
        var experts = try keys.experts(width: keys.feedForwardWidth, file: file)
        experts.activation = .clampedSwiGLU
        experts.routerIsBiased = true
        decoder.feedForward = .experts(experts)
        decoder.normalisation.epsilon = keys.epsilon ?? 1e-5
        decoder.biasedProjections = [.gate, .up, .down]
        if keys.attentionHasBias ?? true { decoder.biasedProjections = LayerProjection.allCases }
        decoder.attention.hasSinks = true
        decoder.attention.slidingWindow = keys.window(
            default: 128, layers: Array(stride(from: 0, to: decoder.layerCount, by: 2)))
    }.with {
        $0.namesLayerTypes = true
        $0.ropeTheta = 150_000
        $0.ggufArchitecture = "gpt-oss"
        $0.names.experts = .alternating(
            gateUp: "mlp.experts.gate_up_proj", down: "mlp.experts.down_proj")
        $0.keys = { decoder in
            decoder.expertKeys(count: "num_local_experts", width: "intermediate_size")
                + [("hidden_act", .string("silu"))]
        }
    }
}

extension DecoderConfiguration {
    fileprivate func expertKeys(
        count: String = "num_experts", width: String = "moe_intermediate_size"
    ) -> [(key: String, value: JSON?)] {
        guard case .experts(let experts) = feedForward else { return [] }
        return [
            ("intermediate_size", .integer(max(experts.denseWidth, experts.width))),
            (width, .integer(experts.width)), (count, .integer(experts.count)),
            ("num_experts_per_tok", .integer(experts.perToken)),
            ("norm_topk_prob", .boolean(experts.weightsAddUp)),
            ("mlp_only_layers", .array(experts.denseLayers.map { .integer($0) })),
            (
                "shared_expert_intermediate_size",
                experts.sharedWidth > 0 ? .integer(experts.sharedWidth) : nil
            ),
        ]
    }
}
