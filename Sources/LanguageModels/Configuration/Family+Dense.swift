// SPDX-License-Identifier: Apache-2.0
// The families whose every token is computed with all parameters.

import JSONText

extension Family {
    static let dense = [
        llama, mistral, ministral, ministral3, qwen2, qwen3, gemma, gemma2, gemma3, phi3, olmo,
        olmo2, olmo3, smolLM3, granite, stableLM, cohere, cohere2, glm, glm4, phi, starCoder2,
    ]

    static let llama = Family("llama", "LlamaForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.readBiases(keys)
    }.with {
        $0.ggufArchitecture = "llama"
        $0.ggufPermutes = true
    }

    static let mistral = Family("mistral", "MistralForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.attention.slidingWindow = keys.window(default: 4096)
    }

    static let ministral = Family("ministral", "MinistralForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.attention.slidingWindow = keys.window(default: 4096)
    }.with { $0.namesLayerTypes = true }

    static let ministral3 = Family("ministral3", "Ministral3ForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.attention.slidingWindow = keys.window(default: nil)
    }

    static let qwen2 = Family("qwen2", "Qwen2ForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.biasedProjections = [.query, .key, .value]
        decoder.readOptionalWindow(keys)
    }.with {
        $0.ggufArchitecture = "qwen2"
        $0.namesLayerTypes = true
    }

    static let qwen3 = Family("qwen3", "Qwen3ForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.readBiases(keys)
        decoder.attention.headNorm = .perHead
        decoder.readOptionalWindow(keys)
    }.with {
        $0.ggufArchitecture = "qwen3"
        $0.namesLayerTypes = true
    }

    static let phi3 = Family("phi3", "Phi3ForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.attention.slidingWindow = keys.window(default: nil)
    }.with {
        $0.ggufArchitecture = "phi3"
        $0.rotaryShare = 1
        $0.names.joined = [
            ("self_attn.qkv_proj", [.query, .key, .value]), ("mlp.gate_up_proj", [.gate, .up]),
        ]
    }

    static let smolLM3 = Family("smollm3", "SmolLM3ForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.readBiases(keys)
        let rotated = keys.layersWithRotary.map { flags in
            flags.indices.filter { flags[$0] != 0 }
        }
        let all = 0..<decoder.layerCount
        let with = Set(rotated ?? keys.layers(exceptEach: keys.rotaryInterval ?? 4))
        decoder.attention.layersWithoutRotary = all.filter { !with.contains($0) }
        if keys.usesSlidingWindow == true {
            decoder.attention.slidingWindow = keys.window(
                default: nil, layers: decoder.attention.layersWithoutRotary)
        }
    }.with {
        $0.namesLayerTypes = true
        $0.ggufArchitecture = "smollm3"
        $0.ggufPermutes = true
        $0.headIsTiedByDefault = true
        $0.ropeTheta = 2_000_000
        $0.keys = { decoder in
            let without = decoder.attention.layersWithoutRotary
            let flags = (0..<decoder.layerCount).map { JSON.integer(without.contains($0) ? 0 : 1) }
            return [("no_rope_layers", .array(flags))]
        }
    }

    static let granite = Family("granite", "GraniteForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.readBiases(keys)
        decoder.readMultipliers(keys)
    }.with {
        $0.ggufArchitecture = "granite"
        $0.ggufPermutes = true
        $0.keys = { $0.multiplierKeys }
    }

    static let stableLM = Family("stablelm", "StableLmForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.normalisation = .init(epsilon: keys.layerEpsilon ?? 1e-5)
        decoder.normalisation.kind = .biasedLayer
        if keys.keysHaveBias == true { decoder.biasedProjections = [.query, .key, .value] }
        if keys.normalisesHeads == true { decoder.attention.headNorm = .layerPerHead }
        if keys.isParallel == true { decoder.arrangement = .parallel }
    }.with {
        $0.ggufArchitecture = "stablelm"
        $0.rotaryShare = 0.25
        $0.names.renamed = [
            "self_attn.q_norm": "self_attn.q_layernorm",
            "self_attn.k_norm": "self_attn.k_layernorm",
        ]
        $0.names.splitsHeadNorms = true
        $0.keys = { decoder in
            [
                ("use_qkv_bias", .boolean(decoder.biasedProjections.contains(.query))),
                ("qk_layernorm", .boolean(decoder.attention.headNorm != nil)),
                ("use_parallel_residual", .boolean(decoder.arrangement == .parallel)),
            ]
        }
    }

    static let cohere = Family("cohere", "CohereForCausalLM") { decoder, keys, file in
        try decoder.becomeCohere(keys, file)
        if keys.normalisesCohereHeads == true { decoder.attention.headNorm = .layerPerHead }
    }.with {
        $0.becomeCohere()
        $0.ggufArchitecture = "command-r"
        $0.ropeTheta = 500_000
        $0.keys = { decoder in
            [
                ("logit_scale", .shortest(decoder.logitScale)),
                ("use_qk_norm", .boolean(decoder.attention.headNorm != nil)),
            ]
        }
    }

    static let cohere2 = Family("cohere2", "Cohere2ForCausalLM") { decoder, keys, file in
        try decoder.becomeCohere(keys, file)
        let windowed = keys.layers(exceptEach: keys.slidingWindowPattern ?? 4)
        decoder.attention.slidingWindow = keys.window(default: 4096, layers: windowed)
        // Layers that see everything have no positions.
        let attention = decoder.attention
        decoder.attention.layersWithoutRotary = (0..<decoder.layerCount).filter {
            attention.window(ofLayer: $0) == nil
        }
    }.with {
        $0.namesLayerTypes = true
        $0.becomeCohere()
        $0.ggufArchitecture = "cohere2"
        $0.keys = { [("logit_scale", .shortest($0.logitScale))] }
    }

    static let glm = Family("glm", "GlmForCausalLM") { decoder, keys, file in
        try decoder.becomeGLM(keys, file)
    }.with { $0.becomeGLM() }

    static let glm4 = Family("glm4", "Glm4ForCausalLM") { decoder, keys, file in
        try decoder.becomeGLM(keys, file)
        decoder.arrangement = .normOnBothSides
    }.with {
        $0.becomeGLM()
        $0.ggufArchitecture = "glm4"
        $0.names.renamed = [
            "post_attention_layernorm": "post_self_attn_layernorm",
            "pre_feedforward_layernorm": "post_attention_layernorm",
            "post_feedforward_layernorm": "post_mlp_layernorm",
        ]
    }

    static let phi = Family("phi", "PhiForCausalLM") { decoder, keys, file in
        try decoder.becomePlain(keys, file, epsilon: keys.layerEpsilon)
        decoder.biasedProjections = [.query, .key, .value, .output, .up, .down]
        decoder.arrangement = .parallel
        decoder.headIsBiased = true
        if keys.normalisesHeads == true { throw decoder.refusal("qk_layernorm", file) }
    }.with {
        $0.ggufArchitecture = "phi2"
        $0.rotaryShare = 0.5
        $0.names.renamed = [
            "self_attn.o_proj": "self_attn.dense", "mlp.up_proj": "mlp.fc1",
            "mlp.down_proj": "mlp.fc2", "norm": "final_layernorm",
        ]
    }

    static let starCoder2 = Family("starcoder2", "Starcoder2ForCausalLM") { decoder, keys, file in
        try decoder.becomePlain(keys, file, epsilon: keys.otherEpsilon)
        if keys.hasBias ?? true {
            decoder.biasedProjections = [.query, .key, .value, .output, .up, .down]
        }
        decoder.attention.slidingWindow = keys.window(default: nil)
    }.with {
        $0.ggufArchitecture = "starcoder2"
        $0.headIsTiedByDefault = true
        $0.names.renamed = ["mlp.up_proj": "mlp.c_fc", "mlp.down_proj": "mlp.c_proj"]
        $0.keys = { [("use_bias", .boolean(!$0.biasedProjections.isEmpty))] }
    }
}

// MARK: - Relatives

extension Family {
    fileprivate mutating func becomeCohere() {
        headIsTiedByDefault = true
        rotatesNeighbours = true
    }

    fileprivate mutating func becomeGLM() {
        rotaryShare = 0.5
        rotatesNeighbours = true
        names.joined = [("mlp.gate_up_proj", [.gate, .up])]
    }
}

extension DecoderConfiguration {
    fileprivate mutating func becomeCohere(
        _ keys: HuggingFaceConfiguration, _ file: String
    ) throws {
        try readActivation(keys, file)
        readBiases(keys)
        normalisation = .init(epsilon: keys.layerEpsilon ?? 1e-5)
        normalisation.kind = .layer
        arrangement = .parallel
        logitScale = keys.logitScale ?? 0.0625
    }

    fileprivate mutating func becomeGLM(
        _ keys: HuggingFaceConfiguration, _ file: String
    ) throws {
        try readActivation(keys, file)
        if keys.attentionHasBias ?? true { biasedProjections = [.query, .key, .value] }
        normalisation.epsilon = keys.epsilon ?? 1.5625e-7
    }

    fileprivate mutating func becomePlain(
        _ keys: HuggingFaceConfiguration, _ file: String, epsilon: Float?
    ) throws {
        feedForward = .plain(
            width: keys.feedForwardWidth,
            activation: try keys.activation(file: file, default: .geluTanh))
        normalisation = .init(epsilon: epsilon ?? 1e-5)
        normalisation.kind = .biasedLayer
    }
}
