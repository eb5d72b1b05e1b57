// SPDX-License-Identifier: Apache-2.0
// A cell as a job, with everything that its numbers depend on.

internal import Crypto
internal import Foundation
internal import JSONText
public import Records

/// One adversary with one seed, as a job that any process can do.
public struct CellJob: Codable, Sendable, Hashable {
    /// The role of the job in an audit.
    public enum Role: String, Codable, Sendable, Hashable {
        /// The measures of an untampered model.
        case control
        /// An adversary on the model under audit.
        case adversary
        /// An adversary on the model before hardening.
        case undefended
        /// An adversary on the model before hardening, whose safeguard is past the threshold. It
        /// runs to its end to show how fast it learns.
        case undefendedToEnd = "undefended-to-end"
        /// A trial of a search.
        case trial
    }

    /// The adversary, with all its parameters.
    public let adversary: AdversarySpecification
    /// The role of the job.
    public let role: Role
    /// Everything that the numbers depend on. It does not include names.
    public let content: Content
    /// The SHA-256 of the canonical JSON of ``content``, in lowercase hexadecimal digits.
    public let key: String
    /// Why the attack cannot be used on this model; nil if it can, as far as that is known.
    public let inapplicability: String?

    /// Everything that the numbers of a cell depend on.
    public struct Content: Codable, Sendable, Hashable {
        /// The version of Temper.
        public var temper: String
        /// The tensor engine and its version.
        public var engine: String
        /// The digest of the attacked model.
        public var model: String
        /// The digest of the checkpoint from which it was made, if the attack uses it.
        public var base: String?
        /// The digest of the suite.
        public var suite: String
        /// The digest of the suite of another domain, if the attack uses it.
        public var otherSuite: String?
        /// The attack.
        public var attack: String
        /// All parameters of the attack.
        public var parameters: [String: ParameterValue]
        /// The seed.
        public var seed: UInt64
        /// The number of steps that the attack takes within the budget.
        public var budget: Int
        /// When the safeguard counts as broken.
        public var thresholds: Thresholds
        /// How measures are taken.
        public var settings: EvaluationSettings
        /// Distinguishes cells that are measured in another way than an audit's own.
        public var purpose: String?
        /// How many examples of a training step are computed at once, if that is limited. It
        /// changes the last bits.
        public var examplesAtOnce: Int?
    }

    /// Makes a job.
    ///
    /// - Parameters:
    ///   - adversary: The adversary, with all its parameters.
    ///   - role: The role of the job.
    ///   - content: Everything that the numbers depend on.
    ///   - inapplicability: Why the attack cannot be used on this model, or nil.
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public init(
        adversary: AdversarySpecification, role: Role, content: Content,
        inapplicability: String? = nil
    ) throws {
        self.adversary = adversary
        self.role = role
        self.content = content
        self.inapplicability = inapplicability
        key = SHA256.hash(data: try canonicalJSON(content)).hexadecimal
    }

    /// The seed.
    public var seed: UInt64 { content.seed }
}
