// SPDX-License-Identifier: Apache-2.0
// How much independent work stands behind an attestation.

/// How much independent work its signer says that an attestation rests on.
public enum AssuranceLevel: String, Codable, Sendable, Hashable, CaseIterable, Comparable,
    CustomStringConvertible
{
    /// Whoever published the weights audited them.
    case selfAttested = "self_attested"
    /// Somebody else audited them.
    case thirdParty = "third_party"
    /// Somebody else audited them, and the audit was repeated with the same outcome.
    case reproduced

    /// The level as commands and policies spell it: `self-attested`, `third-party`, `reproduced`.
    public init?(spelling: String) {
        guard let level = Self.allCases.first(where: { $0.description == spelling }) else {
            return nil
        }
        self = level
    }

    /// The level as commands and policies spell it.
    public var description: String { rawValue.replacing("_", with: "-") }

    /// Returns whether one level rests on less independent work than another.
    public static func < (left: AssuranceLevel, right: AssuranceLevel) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}
