// SPDX-License-Identifier: Apache-2.0
// An audit of a verified model, with all that it states.

/// An attested audit that is of the verified weights, is valid now and counts.
public struct CountedAudit: Sendable {
    /// The line of the attestations' file.
    public let line: AttestationLine
    /// The SHA-256 of the signed content, in lowercase hexadecimal digits.
    public let digest: String
    /// The names of its signers.
    public let signers: [String]
    /// Whether somebody other than the signer of the weights signed it.
    public let isIndependent: Bool
    /// What it states.
    public let content: TamperResistance
}
