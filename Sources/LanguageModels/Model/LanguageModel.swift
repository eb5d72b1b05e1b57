// SPDX-License-Identifier: Apache-2.0
// A language model as a value: configuration, weights, tokenizer, chat template.

public import Foundation
import JSONText
public import Tensors
public import Tokenization

/// A decoder-only language model.
///
/// A value type: tensors are immutable, copies share them, and every change returns a new model.
public struct LanguageModel: Sendable {
    /// The checkpoint's name.
    public let name: String
    /// The configuration of the decoder.
    public let configuration: DecoderConfiguration
    /// The parameters by Hugging Face name, fp32.
    public private(set) var weights: [String: Tensor]
    /// The tokenizer.
    public let tokenizer: Tokenizer
    /// The template that converts messages to text, if the checkpoint has one.
    public private(set) var chatTemplate: ChatTemplate?
    /// Whether the template is not the checkpoint's own.
    private(set) var hasGivenTemplate = false
    /// The date that the template gets from `strftime_now`, in UTC: today, unless another is set.
    public package(set) var templateDate = ConversationForm.today
    /// The tokens that end an answer.
    public let stopTokens: Set<Int>
    /// Low-rank adapters that the forward pass adds to the weights.
    public private(set) var adapters: LowRankAdapters?
    /// Embeddings of tokens outside the vocabulary, such as a soft prompt's, `[rows, width]`, in
    /// the units of the embedding matrix. `virtualIdentifiers` are their identifiers.
    public private(set) var virtualTokens: Tensor?
    /// Whether the chat template is told that the model should answer without thinking. A template
    /// without such a switch ignores it.
    public private(set) var isToldNotToThink = false

    /// Makes a model from its parts.
    ///
    /// - Parameters:
    ///   - name: The model's name.
    ///   - configuration: The configuration of the decoder.
    ///   - weights: All parameters that the configuration names, in its shapes.
    ///   - tokenizer: The tokenizer.
    ///   - chatTemplate: The template that converts messages to text.
    ///   - stopTokens: The tokens that end an answer.
    /// - Throws: `InputError` that names the first missing, unknown or misshapen tensor.
    public init(
        name: String, configuration: DecoderConfiguration, weights: [String: Tensor],
        tokenizer: Tokenizer, chatTemplate: ChatTemplate? = nil, stopTokens: Set<Int> = []
    ) throws {
        self.name = name
        self.configuration = configuration
        self.weights = [:]
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.stopTokens = stopTokens
        for parameter in configuration.parameters where weights[parameter.name] == nil {
            throw InputError(
                "tensor \(parameter.name)", "is missing",
                remedy: "give every tensor that the configuration names")
        }
        try replace(weights)
    }

    /// The weights in the order of `configuration.parameters`.
    public var parameters: [Tensor] {
        configuration.parameters.compactMap { weights[$0.name] }
    }

    /// The number of scalars in the matrices by which each token is multiplied, including the head.
    /// Of experts, only those count that a token takes.
    public var matrixParameterCount: Int {
        activeMatrixParameterCount(in: configuration.parameters.map(\.name))
    }

    /// Returns the number of scalars in some weights, as far as they are matrices by which each
    /// token is multiplied.
    ///
    /// - Parameter names: The names of the weights.
    /// - Returns: The number. Of experts, only those count that a token takes.
    package func activeMatrixParameterCount(in names: some Sequence<String>) -> Int {
        let counted = Set(names)
        return configuration.parameters.reduce(0) { sum, parameter in
            let isLookup =
                parameter.name == "model.embed_tokens.weight" && !configuration.headIsTied
            guard counted.contains(parameter.name), parameter.isMatrix, !isLookup else {
                return sum
            }
            return sum + Int(Double(parameter.shape.reduce(1, *)) * parameter.activeShare)
        }
    }

    /// Returns the same model with some weights replaced.
    ///
    /// - Parameter tensors: The new tensors by Hugging Face name.
    /// - Returns: A model that shares all other weights with this one.
    /// - Throws: `InputError` for an unknown name or another shape.
    public func replacing(_ tensors: [String: Tensor]) throws -> LanguageModel {
        var model = self
        try model.replace(tensors)
        return model
    }

    /// Returns the same model with all weights replaced.
    ///
    /// - Parameter parameters: Tensors in the order of `configuration.parameters`.
    /// - Returns: A model with these weights.
    /// - Throws: `InputError` for another number of tensors or another shape.
    public func replacing(parameters: [Tensor]) throws -> LanguageModel {
        let names = configuration.parameters.map(\.name)
        guard names.count == parameters.count else {
            throw InputError(
                "\(parameters.count) parameters", "the model has \(names.count)",
                remedy: "give one tensor for each of configuration.parameters")
        }
        return try replacing(
            Dictionary(zip(names, parameters), uniquingKeysWith: { first, _ in first }))
    }

    /// Returns the same model with a separate head, so that the embedding can be changed alone.
    ///
    /// - Returns: A model that computes the same; this model if its head is not tied.
    /// - Throws: `InputError` when the embedding is missing.
    public func untyingHead() throws -> LanguageModel {
        guard configuration.headIsTied else { return self }
        var weights = weights
        weights["lm_head.weight"] = try weight("model.embed_tokens.weight")
        var model = try LanguageModel(
            name: name, configuration: configuration.untyingHead(), weights: weights,
            tokenizer: tokenizer, chatTemplate: chatTemplate, stopTokens: stopTokens)
        model.adapters = adapters
        model.virtualTokens = virtualTokens
        return model.speaking(as: self)
    }

    /// Returns this model with the other's choices about conversations.
    func speaking(as other: LanguageModel) -> LanguageModel {
        var model = self
        model.isToldNotToThink = other.isToldNotToThink
        model.chatTemplate = other.chatTemplate
        model.hasGivenTemplate = other.hasGivenTemplate
        model.templateDate = other.templateDate
        return model
    }

    /// Replaces the chat template by one that is not the checkpoint's own.
    mutating func setChatTemplate(_ template: ChatTemplate) {
        chatTemplate = template
        hasGivenTemplate = true
    }

    /// Returns the same model with the chat template's switch for thinking set.
    ///
    /// Templates call the switch `enable_thinking` (Qwen3, SmolLM3, GLM-4.5) or `thinking` (Granite,
    /// DeepSeek-V3.1).
    ///
    /// - Parameter isToldNotToThink: Whether the switch is off; otherwise the template's default
    ///   applies.
    /// - Returns: A model that shares its weights with this one.
    public func toldNotToThink(_ isToldNotToThink: Bool = true) -> LanguageModel {
        var model = self
        model.isToldNotToThink = isToldNotToThink
        return model
    }

    /// Returns the same model with other adapters, or with none.
    ///
    /// - Parameter adapters: The adapters, which the forward pass adds to the weights; nil removes
    ///   them.
    /// - Returns: A model that shares its weights with this one.
    /// - Throws: `InputError` when an adapter does not fit the configuration.
    public func adapted(by adapters: LowRankAdapters?) throws -> LanguageModel {
        try adapters?.check(fits: configuration)
        var model = self
        model.adapters = adapters
        return model
    }

    /// Returns the same model with other virtual tokens, or with none.
    ///
    /// - Parameter virtualTokens: Embeddings, `[rows, width]`; nil removes them.
    /// - Returns: A model that shares its weights with this one.
    /// - Throws: `InputError` for another shape, or the error that the tensor carries.
    public func prompted(by virtualTokens: Tensor?) throws -> LanguageModel {
        if let virtualTokens {
            if let error = virtualTokens.error { throw error }
            let shape = virtualTokens.shape
            guard shape.count == 2, shape[0] > 0, shape[1] == configuration.width else {
                throw InputError(
                    "virtual tokens",
                    "have shape \(shape), the model needs [rows, \(configuration.width)]",
                    remedy: "give at least one row of that width")
            }
        }
        var model = self
        model.virtualTokens = virtualTokens
        return model
    }

    /// Returns the tokens of a conversation in the model's chat template.
    ///
    /// - Parameters:
    ///   - messages: The conversation.
    ///   - addingGenerationPrompt: Whether the opening of the model's answer is added.
    /// - Returns: Token identifiers.
    /// - Throws: `InputError` without a template, or the template's own error.
    public func tokens(for messages: [ChatMessage], addingGenerationPrompt: Bool) throws -> [Int] {
        guard let chatTemplate else {
            throw InputError(
                "model \(name)", "has no chat template",
                remedy: "name the template of its family with --chat-template FILE, or use an "
                    + "instruction-tuned checkpoint")
        }
        var variables = tokenizer.namedTexts.mapValues { TemplateValue.string($0) }
        if isToldNotToThink {
            variables["enable_thinking"] = .boolean(false)
            variables["thinking"] = .boolean(false)
        }
        let text = try chatTemplate.render(
            messages, addingGenerationPrompt: addingGenerationPrompt, variables: variables,
            date: templateDate)
        return tokenizer.encode(text, addingSpecialTokens: false)
    }

    package func weight(_ name: String) throws -> Tensor {
        guard let tensor = weights[name] else {
            throw InputError(
                "tensor \(name)", "is missing", remedy: "use a checkpoint that holds it")
        }
        return tensor
    }

    private mutating func replace(_ tensors: [String: Tensor]) throws {
        var left = tensors
        for parameter in configuration.parameters {
            guard let tensor = left.removeValue(forKey: parameter.name) else { continue }
            if let error = tensor.error { throw error }
            guard tensor.shape == parameter.shape else {
                throw InputError(
                    "tensor \(parameter.name)",
                    "has shape \(tensor.shape), the configuration needs \(parameter.shape)",
                    remedy: "give a tensor of that shape")
            }
            weights[parameter.name] = tensor
        }
        if let unknown = left.keys.min() {
            throw InputError(
                "tensor \(unknown)", "is no part of a \(configuration.family) decoder",
                remedy: "give only tensors that configuration.parameters names")
        }
    }
}
