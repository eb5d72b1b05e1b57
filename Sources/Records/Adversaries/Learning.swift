// SPDX-License-Identifier: Apache-2.0
// What an adversary learns from, and what its learning changes.

/// What an adversary learns from, and what its learning changes.
///
/// The attack states it. Reports and the conditions of immunisation use it instead of the attack's
/// name. It is descriptive only: no cell key and no digest of a battery includes it.
public struct Learning: Codable, Sendable, Hashable {
    /// The data that an adversary learns from.
    public enum Data: String, Codable, Sendable, Hashable, CaseIterable {
        /// It learns from no examples.
        case none
        /// Restricted prompts of the training split, with compliant answers.
        case restricted
        /// Benign prompts with their answers, as an honest user has.
        case benign
        /// Benign prompts first, then restricted ones.
        case benignThenRestricted = "benign-then-restricted"
        /// Benign prompts with a few restricted ones among them.
        case poisoned
        /// Restricted prompts that no defender has trained on.
        case heldOut = "held-out"
        /// Restricted prompts of another domain, from a second suite.
        case otherDomain = "other-domain"
        /// Other examples, such as those of an obedient persona or the model's own answers; or
        /// several of the above in one adversary.
        case other
    }

    /// What learning changes.
    public enum Change: String, Codable, Sendable, Hashable, CaseIterable {
        /// Nothing: the adversary does not learn.
        case nothing
        /// All weights of the audited model.
        case allWeights = "all-weights"
        /// Low-rank adapters (LoRA) of the audited model's weights.
        case lowRankAdapters = "low-rank-adapters"
        /// The text or embeddings around a prompt.
        case context
        /// The activations between layers.
        case activations
        /// Another model than the audited one; or several of the above in one adversary.
        case other
    }

    /// The data that it learns from.
    public var data: Data
    /// What its learning changes.
    public var change: Change

    /// States what an adversary learns from.
    ///
    /// - Parameters:
    ///   - data: The data that it learns from.
    ///   - change: What its learning changes.
    public init(from data: Data, changing change: Change) {
        self.data = data
        self.change = change
    }

    /// An adversary that learns nothing.
    public static let none = Learning(from: .none, changing: .nothing)

    /// Whether it fine-tunes the audited model: all its weights, or adapters of them.
    public var isFineTuning: Bool { change == .allWeights || change == .lowRankAdapters }
}

extension Learning {
    /// Derives what an adversary of a version-1 record learns from by the name and the parameters
    /// of its attack; nil if these do not show it.
    ///
    /// - Parameter adversary: An adversary of a version-1 record.
    init?(derivedFrom adversary: AdversarySpecification) {
        if adversary.isControl {
            self = .none
            return
        }
        guard adversary.attack == "fine-tuning" else { return nil }
        let data: Data
        switch adversary.parameters["data"]?.string ?? "restricted" {
        case "restricted": data = .restricted
        case "retain": data = .benign
        case "retain-then-restricted": data = .benignThenRestricted
        case "held-out": data = .heldOut
        case "other-domain": data = .otherDomain
        default: data = .other
        }
        let method = adversary.parameters["training"]?.object?["method"]?.string
        self.init(from: data, changing: method == "full" ? .allWeights : .lowRankAdapters)
    }
}
