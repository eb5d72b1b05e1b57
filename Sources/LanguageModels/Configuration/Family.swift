// SPDX-License-Identifier: Apache-2.0
// The supported model families, with the choices that are not in their configuration files.

/// The choices of a family that are not in its configuration file.
package struct Family: Sendable {
    /// config.json's `model_type`.
    package var modelType: String
    /// config.json's `architectures`.
    var architecture: String
    /// `general.architecture` of GGUF files, if they are supported.
    var ggufArchitecture: String?
    /// The projections that always have a bias; nil leaves it to `attention_bias`.
    var biasedProjections: [LayerProjection]?
    var normalisesHeads = false
    var headIsTiedByDefault = false
    /// The window if the file has no `sliding_window`. (A null there means no window.)
    var slidingWindowByDefault: Int?
    /// Whether `use_sliding_window` must be true for the window to count.
    var slidingWindowIsOptIn = false
    /// Whether only layers 0, 2, 4, ... are windowed if the file does not name the layers.
    var slidesEveryOtherLayer = false
    var normWeightOffset: Float = 0
    var normalisesBothSides = false
    var scalesEmbeddings = false
    var activation = DecoderConfiguration.Activation.silu

    package static let all = [
        Family(
            modelType: "llama", architecture: "LlamaForCausalLM", ggufArchitecture: "llama"),
        Family(
            modelType: "mistral", architecture: "MistralForCausalLM", biasedProjections: [],
            slidingWindowByDefault: 4096),
        Family(
            modelType: "qwen2", architecture: "Qwen2ForCausalLM", ggufArchitecture: "qwen2",
            biasedProjections: [.query, .key, .value], slidingWindowIsOptIn: true),
        Family(
            modelType: "qwen3", architecture: "Qwen3ForCausalLM", ggufArchitecture: "qwen3",
            normalisesHeads: true, slidingWindowIsOptIn: true),
        Family(
            modelType: "gemma", architecture: "GemmaForCausalLM", biasedProjections: [],
            headIsTiedByDefault: true, normWeightOffset: 1, scalesEmbeddings: true,
            activation: .geluTanh),
        Family(
            modelType: "gemma2", architecture: "Gemma2ForCausalLM", biasedProjections: [],
            headIsTiedByDefault: true, slidingWindowByDefault: 4096, slidesEveryOtherLayer: true,
            normWeightOffset: 1, normalisesBothSides: true, scalesEmbeddings: true,
            activation: .geluTanh),
    ]

    package static func named(_ modelType: String) -> Family? {
        all.first { $0.modelType == modelType }
    }
}
