// SPDX-License-Identifier: Apache-2.0
// How much independent work supports an attestation.

/// How much independent work supports an attestation, as its signer claims.
public enum AssuranceLevel: String, Codable, Sendable, Hashable, CaseIterable, Comparable,
    CustomStringConvertible
{
    /// The publisher of the weights audited them.
    case selfAttested = "self_attested"
    /// A third party audited them.
    case thirdParty = "third_party"
    /// A third party audited them, and the audit was repeated with the same outcome.
    case reproduced

    /// Reads the level as commands and policies spell it: `self-attested`, `third-party`,
    /// `reproduced`.
    public init?(spelling: String) {
        guard let level = Self.allCases.first(where: { $0.description == spelling }) else {
            return nil
        }
        self = level
    }

    /// The level as commands and policies spell it.
    public var description: String { rawValue.replacing("_", with: "-") }

    /// Returns whether one level is supported by less independent work than another.
    public static func < (left: AssuranceLevel, right: AssuranceLevel) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}
