// SPDX-License-Identifier: Apache-2.0
// Revocation lists of certificate authorities (CRLs; RFC 5280, section 5).

import Checkpoints
public import Foundation
import JSONText
import SwiftASN1
import X509

/// A list of the certificates that an authority revoked. Its signature is verified when a
/// certificate of that authority is.
public struct RevocationList: Sendable, Hashable {
    /// The longest file.
    private static let longest = 1 << 26

    /// The list's name in errors: its file's path.
    let name: String
    let issuer: DistinguishedName
    /// When the list was made.
    let start: Date
    /// When the next one is due.
    let end: Date
    /// The dates of revocation by the certificates' serial numbers.
    let dates: [Certificate.SerialNumber: Date]
    private let signedBytes: ArraySlice<UInt8>
    private let algorithm: Certificate.SignatureAlgorithm
    private let signature: ArraySlice<UInt8>

    /// Reads lists.
    ///
    /// - Parameter file: One list in DER, or PEM documents `X509 CRL`.
    /// - Returns: The lists.
    /// - Throws: An `InputError` when the file holds none, or a damaged one, or one that covers a
    ///   part of an authority's certificates only.
    public static func all(in file: URL) throws -> [RevocationList] {
        let name = file.path(percentEncoded: false)
        let remedy = "give the list that the certificate's authority publishes, in PEM or DER"
        let data = try SmallFile.read(file, atMost: longest, remedy: remedy)
        do {
            // DER begins with the tag of a sequence.
            guard data.first != 0x30 else {
                return [try RevocationList(der: Array(data), named: name)]
            }
            let documents = try PEMDocument.parseMultiple(
                pemString: String(decoding: data, as: UTF8.self))
            guard !documents.isEmpty, documents.allSatisfy({ $0.discriminator == "X509 CRL" })
            else { throw MalformedDER() }
            return try documents.map { try RevocationList(der: $0.derBytes, named: name) }
        } catch let error as InputError {
            throw error
        } catch {
            throw InputError(file, "is no revocation list", remedy: remedy)
        }
    }

    private init(der: [UInt8], named name: String) throws {
        var list = try DER.parse(der).fields
        let signed = try list.take()
        let outerAlgorithm = try list.take()
        let bits = try ASN1BitString(derEncoded: list.take())
        guard list.isEmpty, bits.paddingBits == 0 else { throw MalformedDER() }
        self.name = name
        signedBytes = signed.encodedBytes
        signature = bits.bytes
        algorithm = try Certificate.SignatureAlgorithm(outerAlgorithm)

        var fields = try signed.fields
        // The version stands there only if it is 2.
        if let version = fields.take(where: { $0.identifier == .integer }) {
            guard try Int(derEncoded: version) == 1 else { throw MalformedDER() }
        }
        guard try fields.take().encodedBytes.elementsEqual(outerAlgorithm.encodedBytes) else {
            throw MalformedDER()
        }
        issuer = try DistinguishedName(derEncoded: fields.take())
        start = try Date(fields.take())
        let isTime: (ASN1Node) -> Bool = {
            $0.identifier == .utcTime || $0.identifier == .generalizedTime
        }
        guard let end = fields.take(where: isTime) else {
            throw InputError(
                name, "does not say when the next list is due",
                remedy: "ask the authority for a list that does")
        }
        self.end = try Date(end)
        var dates: [Certificate.SerialNumber: Date] = [:]
        for node in try fields.take(where: { $0.identifier == .sequence })?.fields ?? [] {
            var entry = try node.fields
            let serialNumber = Certificate.SerialNumber(
                bytes: try ArraySlice<UInt8>(derEncoded: entry.take()))
            dates[serialNumber] = try Date(entry.take())
            // The certificate of another issuer, for one.
            try Self.check(entry.first?.extensions ?? [], name)
        }
        self.dates = dates
        try Self.check(fields.take { $0.hasTag(0) }?.tagged.extensions ?? [], name)
        guard fields.isEmpty else { throw MalformedDER() }
    }

    /// Refuses critical extensions: they say that the list is of some certificates only.
    private static func check(_ extensions: [Certificate.Extension], _ name: String) throws {
        guard let critical = extensions.first(where: \.critical) else { return }
        throw InputError(
            name, "has the critical extension \(critical.oid), which is not supported",
            remedy: "give a whole list, of all certificates of its authority")
    }

    /// Returns whether an authority signed the list.
    fileprivate func isSigned(by issuer: Certificate) -> Bool {
        (try? issuer.extensions.keyUsage)?.cRLSign ?? true
            && issuer.publicKey.isValidSignature(
                signature, for: signedBytes, signatureAlgorithm: algorithm)
    }
}

extension [RevocationList] {
    /// Checks that no certificate of a path was revoked, as far as there are lists of its issuer.
    ///
    /// - Parameters:
    ///   - path: The certificates, from the first to the root.
    ///   - now: The time at which the lists must hold. A revocation counts whatever its date.
    /// - Throws: A ``VerificationFailure`` when one was revoked, or a list is out of date or not its
    ///   issuer's.
    func check(_ path: some Collection<Certificate>, at now: Date) throws {
        for (certificate, issuer) in zip(path, path.dropFirst()) {
            let named = filter { $0.issuer == issuer.subject }
            guard let first = named.first else { continue }
            func failure(_ problem: String, remedy: String) -> VerificationFailure {
                VerificationFailure(.certificate, first.name, problem, remedy: remedy)
            }
            // An authority may have changed its key.
            let own = named.filter { $0.isSigned(by: issuer) }
            guard !own.isEmpty else {
                throw failure(
                    "is not signed by \(issuer.subject)",
                    remedy: "get the list from the authority again")
            }
            for list in own {
                if let date = list.dates[certificate.serialNumber] {
                    throw VerificationFailure(
                        .certificate, "the certificate of \(certificate.title)",
                        "was revoked by \(issuer.subject) on "
                            + date.formatted(.iso8601.year().month().day()))
                }
            }
            guard own.contains(where: { $0.start <= now && now <= $0.end }) else {
                throw failure(
                    "is out of date: the next list was due at \(own[0].end.formatted(.iso8601))",
                    remedy: "get the authority's newest list")
            }
        }
    }
}
