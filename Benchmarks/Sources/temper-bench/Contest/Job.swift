// SPDX-License-Identifier: Apache-2.0
// What both contenders are asked to do: one line of JSON.

import LanguageModels

/// A piece of work with everything that decides it, so that both contenders do the same.
struct Job: Codable, Sendable {
    /// The kinds of work. An iteration is an optimizer step or several, or the whole of the rest.
    enum Work: String, Codable, Sendable {
        case lora, full, decode, score, load, tokenizer, tokenise
    }

    var work: Work
    /// A Hugging Face directory.
    var model: String
    /// Prompts with completions; without completions where they are generated.
    var examples: [CompletionExample] = []
    /// What is tokenised.
    var texts: [String] = []
    /// Examples that are computed together.
    var batchSize = 8
    /// Optimizer steps of one iteration, each on the next batch.
    var steps = 1
    var learningRate: Float = 1e-4
    /// Gradients are scaled down to this global norm, if any.
    var gradientNorm: Float?
    /// Whether layers are computed again in the backward pass.
    var recomputes = false
    /// Whether the peer takes the loss that its model computes from padded labels, as users do;
    /// otherwise it predicts every token but the first of rows that are equally long.
    var paddedLabels = false
    var rank = 16
    var alpha: Float = 32
    /// Tokens that are generated for each prompt.
    var newTokens = 64
}

/// What a contender says: first that it is ready, then what an iteration took and gave.
struct Reply: Codable, Sendable {
    /// The versions of what it runs on, in the first reply.
    var versions: [String: String]?
    var seconds: Double?
    /// Losses, log-probabilities or tokens, in rows.
    var result: [[Double]]?
    /// Seconds that parts of it took, by name.
    var parts: [String: Double]?
}
