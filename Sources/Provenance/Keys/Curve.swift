// SPDX-License-Identifier: Apache-2.0
// The elliptic curves of OpenSSF Model Signing v1.0.

/// A curve for ECDSA. Each is used with one hash function.
public enum Curve: String, Sendable, Hashable, CaseIterable {
    /// NIST P-256 with SHA-256.
    case p256

    /// NIST P-384 with SHA-384.
    case p384

    /// NIST P-521 with SHA-512.
    case p521

    /// The name that standards use.
    public var standardName: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }
}
