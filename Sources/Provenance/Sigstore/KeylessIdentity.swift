// SPDX-License-Identifier: Apache-2.0
// Who signed without a key of their own: a name that an identity provider vouched for.

public import Foundation
import SwiftASN1
import X509

/// The verified signer of a keyless signature.
public struct KeylessIdentity: Sendable, Hashable, CustomStringConvertible {
    /// What the certificate says.
    let claim: IdentityClaim

    /// The authorities and logs that vouch for the signature.
    let trustedRoot: TrustedRoot

    /// The earliest time at which the signature is known to have existed.
    public let date: Date

    /// The key that was certified for this signature.
    public let key: VerificationKey

    /// The address, URI or user name.
    public var name: AlternativeName { claim.name }

    /// The identity provider, such as `https://accounts.google.com`.
    public var provider: String { claim.provider }

    /// The name, the identity provider and the time.
    public var description: String { "\(claim), at \(date.formatted(.iso8601))" }
}

/// What a certificate of Fulcio says about its holder
/// (github.com/sigstore/fulcio, docs/oid-info.md).
struct IdentityClaim: Sendable, Hashable, CustomStringConvertible {
    /// The address, URI or user name.
    let name: AlternativeName
    /// The identity provider that vouched for it.
    let provider: String

    var description: String { "\(name), whom \(provider) knows" }

    private static let oldIssuer: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57_264, 1, 1]
    private static let newIssuer: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57_264, 1, 8]

    /// Returns whether a certificate is one of Fulcio's kind.
    static func isThere(in certificate: Certificate) -> Bool {
        [oldIssuer, newIssuer].contains { certificate.extensions[oid: $0] != nil }
    }

    /// Reads the claim; nil if the certificate does not have exactly one name and one issuer.
    init?(_ certificate: Certificate) {
        guard let names = try? certificate.extensions.subjectAlternativeNames, names.count == 1,
            let name = names.first.flatMap(AlternativeName.init)
        else { return nil }
        // The older extension holds the text itself, the newer one its DER.
        var issuers: [ArraySlice<UInt8>] = []
        if let old = certificate.extensions[oid: Self.oldIssuer] { issuers.append(old.value) }
        if let new = certificate.extensions[oid: Self.newIssuer] {
            guard let text = try? ASN1UTF8String(derEncoded: new.value) else { return nil }
            issuers.append(text.bytes)
        }
        guard let first = issuers.first, Set(issuers).count == 1,
            let provider = String(validating: first, as: UTF8.self), !provider.isEmpty
        else { return nil }
        (self.name, self.provider) = (name, provider)
    }
}
