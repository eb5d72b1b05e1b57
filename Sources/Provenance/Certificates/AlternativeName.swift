// SPDX-License-Identifier: Apache-2.0
// The names that a certificate gives its holder besides the subject (RFC 5280, 4.2.1.6).

import SwiftASN1
import X509

/// A subject alternative name of a certificate.
public enum AlternativeName: Sendable, Hashable, CustomStringConvertible {
    /// An email address.
    case emailAddress(String)

    /// A URI.
    case uri(String)

    /// The name of a host.
    case dnsName(String)

    /// The name of a user in Sigstore's certificates, such as `alice!example.org`.
    case userName(String)

    private static let userNames: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57_264, 1, 7]

    /// Takes a name of a certificate; nil for a kind that identifies no signer here.
    init?(_ name: GeneralName) {
        switch name {
        case .rfc822Name(let text): self = .emailAddress(text)
        case .uniformResourceIdentifier(let text): self = .uri(text)
        case .dnsName(let text): self = .dnsName(text)
        case .otherName(let name) where name.typeID == Self.userNames:
            guard let value = name.value, let text = try? ASN1UTF8String(asn1Any: value) else {
                return nil
            }
            self = .userName(String(text))
        default: return nil
        }
    }

    /// The name as the certificate has it.
    public var description: String {
        switch self {
        case .emailAddress(let text), .uri(let text), .dnsName(let text), .userName(let text): text
        }
    }

    /// The name with its kind, equal for names that differ in case alone.
    var folded: String {
        switch self {
        case .emailAddress(let text): "email " + text.lowercased()
        case .uri(let text): "uri " + text.lowercased()
        case .dnsName(let text): "dns " + text.lowercased()
        case .userName(let text): "user " + text.lowercased()
        }
    }
}
