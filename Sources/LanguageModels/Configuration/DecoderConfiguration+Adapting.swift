// SPDX-License-Identifier: Apache-2.0
// What several families read from config.json in the same way.

import JSONText

extension DecoderConfiguration {
    mutating func readActivation(_ keys: HuggingFaceConfiguration, _ file: String) throws {
        feedForward.activation = try keys.activation(file: file)
    }

    mutating func readBiases(_ keys: HuggingFaceConfiguration) {
        if keys.attentionHasBias == true {
            biasedProjections += [.query, .key, .value, .output]
        }
        if keys.feedForwardHasBias == true { biasedProjections += [.gate, .up, .down] }
    }

    /// Reads Qwen's window, which counts only when it is switched on, and from a first layer.
    mutating func readOptionalWindow(_ keys: HuggingFaceConfiguration) {
        guard keys.usesSlidingWindow == true else { return }
        let first = min(max(0, keys.firstWindowedLayer ?? 28), layerCount)
        attention.slidingWindow = keys.window(
            default: 4096, layers: Array(first..<layerCount))
    }

    mutating func readMultipliers(_ keys: HuggingFaceConfiguration) {
        embeddingScale = keys.embeddingMultiplier ?? 1
        residualScale = keys.residualMultiplier ?? 1
        attention.scale = keys.attentionMultiplier ?? 1
        logitScale = 1 / (keys.logitDivisor ?? 1)
    }

    /// The keys of ``readMultipliers(_:)``.
    var multiplierKeys: [(key: String, value: JSON?)] {
        [
            ("embedding_multiplier", .shortest(embeddingScale)),
            ("residual_multiplier", .shortest(residualScale)),
            ("attention_multiplier", .shortest(attention.scoreScale)),
            ("logits_scaling", .shortest(1 / logitScale)),
        ]
    }

    func refusal(_ key: String, _ file: String) -> InputError {
        InputError(
            file: file, position: key, "is not supported",
            remedy: "use a checkpoint without this feature")
    }
}
