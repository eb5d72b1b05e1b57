// SPDX-License-Identifier: Apache-2.0
// Verifies a signature's timestamps, and its certificate at the time that they show.

import Foundation
import JSONText

extension SignatureBundle {
    /// Verifies the timestamps.
    ///
    /// - Parameters:
    ///   - validation: The trusted authorities and the revocation lists.
    ///   - now: The current time.
    ///   - name: The bundle's name in errors.
    /// - Returns: The times that trusted authorities state, the earliest first, and a warning about
    ///   every timestamp that does not count.
    func times(
        _ validation: CertificateValidation, at now: Date, named name: String
    ) async -> (times: [Date], warnings: [String]) {
        var (times, warnings): ([Date], [String]) = ([], [])
        guard !timestamps.isEmpty else { return ([], []) }
        guard !validation.timestampAuthorities.isEmpty else {
            return ([], ["the timestamps were not checked"])
        }
        for (number, der) in timestamps.enumerated() {
            let place = "timestamp \(number + 1) of \(name)"
            do {
                guard let timestamp = try? Timestamp(der: der) else {
                    throw VerificationFailure(
                        .timestamp, place, "is no granted timestamp of RFC 3161",
                        remedy: "have the signature stamped anew")
                }
                times.append(
                    try await timestamp.verify(
                        of: envelope.signatures[0].bytes, by: validation.timestampAuthorities,
                        lists: validation.revocationLists, at: now, named: place))
            } catch {
                warnings.append("\(error)")
            }
        }
        return (times.sorted(), warnings)
    }

    /// Verifies the path from the signer's certificate to a root, at the times that timestamps state
    /// or else now.
    ///
    /// - Parameters:
    ///   - chain: The bundle's certificates.
    ///   - roots: The trusted roots.
    ///   - validation: The timestamp authorities and revocation lists.
    ///   - now: The current time.
    ///   - name: The bundle's name in errors.
    /// - Returns: The signer, and warnings.
    /// - Throws: A ``VerificationFailure`` when a check fails.
    func identity(
        _ chain: CertificateChain, _ roots: [RootCertificate], _ validation: CertificateValidation,
        at now: Date, named name: String
    ) async throws -> (identity: CertificateIdentity, warnings: [String]) {
        let (times, warnings) = await times(validation, at: now, named: name)
        let identity = try await chain.identity(
            roots, at: times.first ?? now, lists: validation.revocationLists, now: now)
        return (identity, warnings)
    }

    /// What verifying the timestamps costs, in certificates.
    func priceOfTimes(_ validation: CertificateValidation) -> Int {
        validation.timestampAuthorities.isEmpty ? 0 : 3 * timestamps.count
    }

    /// What to tell when the log's entries were not looked at.
    var logWarnings: [String] {
        logEntries.isEmpty ? [] : ["the transparency log's entries were not checked"]
    }
}
