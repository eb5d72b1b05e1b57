// SPDX-License-Identifier: Apache-2.0
// What certificates are judged by besides roots: who may state times, and what was revoked.

import Foundation

/// The timestamp authorities and revocation lists that a verification uses.
public struct CertificateValidation: Sendable, Hashable {
    /// How far other clocks may be ahead of this one, in seconds.
    static let clockTolerance: TimeInterval = 300

    /// The authorities whose timestamps show when something was signed.
    public var timestampAuthorities: [CertificateAuthority]

    /// The revocation lists.
    public var revocationLists: [RevocationList]

    /// Names authorities and lists.
    ///
    /// - Parameters:
    ///   - timestampAuthorities: The authorities whose timestamps count.
    ///   - revocationLists: The revocation lists.
    public init(
        timestampAuthorities: [CertificateAuthority] = [], revocationLists: [RevocationList] = []
    ) {
        self.timestampAuthorities = timestampAuthorities
        self.revocationLists = revocationLists
    }
}
