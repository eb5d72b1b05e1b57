// SPDX-License-Identifier: Apache-2.0
// Gemma and OLMo: families with unusual norms, and two rotary embeddings.

import JSONText

extension Family {
    static let gemma = Family("gemma", "GemmaForCausalLM") { decoder, keys, file in
        try decoder.becomeGemma(keys, file)
    }.with {
        $0.headIsTiedByDefault = true
        $0.ggufArchitecture = "gemma"
    }

    static let gemma2 = Family("gemma2", "Gemma2ForCausalLM") { decoder, keys, file in
        try decoder.becomeGemma(keys, file)
        decoder.arrangement = .normOnBothSides
        decoder.attention.slidingWindow = keys.window(
            default: 4096, layers: Array(stride(from: 0, to: decoder.layerCount, by: 2)))
        decoder.attention.scale = 1 / (keys.attentionScalar ?? 256).squareRoot()
    }.with {
        $0.namesLayerTypes = true
        $0.headIsTiedByDefault = true
        $0.ggufArchitecture = "gemma2"
        $0.keys = { $0.gemmaKeys }
    }

    static let gemma3: Family = Family("gemma3_text", "Gemma3ForCausalLM") { decoder, keys, file in
        try decoder.becomeGemma(keys, file)
        decoder.arrangement = .normOnBothSides
        decoder.attention.headNorm = .perHead
        decoder.attention.scale = 1 / (keys.attentionScalar ?? 256).squareRoot()
        decoder.attention.slidingWindow = keys.window(
            default: 4096, layers: keys.layers(exceptEach: keys.slidingWindowPattern ?? 6))
        decoder.attention.rotary = try keys.rotary(
            of: gemma3, for: "full_attention", file: file)
        var local = try keys.rotary(of: gemma3, for: "sliding_attention", file: file)
        if keys.ropeParameters?.byLayerType["sliding_attention"]?.ropeTheta == nil {
            local.base = keys.localRopeTheta ?? 10_000
        }
        decoder.attention.windowedRotary = local
    }.with {
        $0.namesLayerTypes = true
        $0.headIsTiedByDefault = true
        $0.ropeTheta = 1_000_000
        $0.ggufArchitecture = "gemma3"
        $0.keys = { $0.gemmaKeys }
        $0.defaults = [
            .init(key: "vocab_size", value: .integer(262_208)),
            .init(key: "hidden_size", value: .integer(2304)),
            .init(key: "intermediate_size", value: .integer(9216)),
            .init(key: "num_hidden_layers", value: .integer(26)),
            .init(key: "num_attention_heads", value: .integer(8)),
            .init(key: "num_key_value_heads", value: .integer(4)),
            .init(key: "head_dim", value: .integer(256)),
            .init(key: "max_position_embeddings", value: .integer(131_072)),
        ]
    }

    static let olmo = Family("olmo", "OlmoForCausalLM") { decoder, keys, file in
        try decoder.readActivation(keys, file)
        decoder.readBiases(keys)
        decoder.normalisation = .init(epsilon: 1e-5)
        decoder.normalisation.kind = .plainLayer
    }.with {
        $0.ggufArchitecture = "olmo"
        $0.ggufPermutes = true
    }

    static let olmo2 = Family("olmo2", "Olmo2ForCausalLM") { decoder, keys, file in
        try decoder.becomeOLMo2(keys, file)
    }.with { $0.ggufArchitecture = "olmo2" }

    static let olmo3: Family = Family("olmo3", "Olmo3ForCausalLM") { decoder, keys, file in
        try decoder.becomeOLMo2(keys, file)
        decoder.attention.slidingWindow = keys.window(
            default: 4096, layers: keys.layers(exceptEach: 4))
        decoder.attention.rotary = try keys.rotary(of: olmo3, for: "full_attention", file: file)
        decoder.attention.windowedRotary = try keys.rotary(
            of: olmo3, for: "sliding_attention", file: file)
    }.with {
        $0.ropeTheta = 500_000
        $0.namesLayerTypes = true
    }
}

extension DecoderConfiguration {
    fileprivate var gemmaKeys: [(key: String, value: JSON?)] {
        let scale = attention.scoreScale
        return [("query_pre_attn_scalar", .integer(Int(min(1 / (scale * scale), 1e9).rounded())))]
    }

    fileprivate mutating func becomeGemma(
        _ keys: HuggingFaceConfiguration, _ file: String
    ) throws {
        // The first Gemmas name another activation than they were trained with in `hidden_act`.
        if keys.hiddenActivation != nil {
            try readActivation(keys, file)
        } else {
            feedForward.activation = .geluTanh
        }
        normalisation.weightOffset = 1
        embeddingScale = Float(width).squareRoot()
        attention.scale = keys.attentionScalar.map { 1 / $0.squareRoot() }
        attention.softCap = keys.attentionSoftCap
        logitSoftCap = keys.logitSoftCap
        if keys.attentionHasBias == true { readBiases(keys) }
    }

    fileprivate mutating func becomeOLMo2(
        _ keys: HuggingFaceConfiguration, _ file: String
    ) throws {
        try readActivation(keys, file)
        readBiases(keys)
        normalisation.epsilon = keys.epsilon ?? 1e-5
        arrangement = .normAfter
        attention.headNorm = .allHeads
    }
}
