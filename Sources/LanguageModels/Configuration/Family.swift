// SPDX-License-Identifier: Apache-2.0
// A model family as a value: from the keys of config.json to a configuration, and names.

import JSONText

/// A family of models.
package struct Family: Sendable {
    /// Turns Llama's configuration, in which the common keys are set, into the family's.
    typealias Adaptation =
        @Sendable (
            inout DecoderConfiguration, HuggingFaceConfiguration, _ file: String
        ) throws -> Void

    /// config.json's `model_type`.
    package let modelType: String
    /// config.json's `architectures`.
    let architecture: String
    /// `general.architecture` of GGUF files, if they are supported.
    var ggufArchitecture: String?
    /// Whether GGUF files interleave the halves of query and key heads.
    var ggufPermutes = false
    /// Whether the embedding is also the head where the file does not say.
    var headIsTiedByDefault = false
    /// The base of the rotary embedding where the file has none.
    var ropeTheta = 10_000.0
    /// The share of a head that is rotated where the file does not say; nil if it is always 1.
    var rotaryShare: Double?
    /// Whether the rotary embedding rotates neighbours.
    var rotatesNeighbours = false
    /// Whether config.json names the type of each layer.
    var namesLayerTypes = false
    /// The names in checkpoints.
    package var names = NameScheme()
    /// The keys that files inside multimodal models may leave out.
    var defaults: [JSON.Member] = []
    /// Keys of config.json that only this family has.
    var keys: @Sendable (DecoderConfiguration) -> [(key: String, value: JSON?)] = { _ in [] }
    /// What differs from Llama.
    let adapt: Adaptation

    init(_ modelType: String, _ architecture: String, adapt: @escaping Adaptation) {
        (self.modelType, self.architecture, self.adapt) = (modelType, architecture, adapt)
    }

    /// Whether each token takes some of several experts.
    var isMixture: Bool { Self.mixtures.contains { $0.modelType == modelType } }

    /// Returns the family with some of its values changed.
    func with(_ change: (inout Family) -> Void) -> Family {
        var family = self
        change(&family)
        return family
    }

    /// All supported families.
    package static let all = dense + mixtures

    package static func named(_ modelType: String) -> Family? {
        all.first { $0.modelType == modelType }
    }
}
