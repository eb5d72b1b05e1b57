// SPDX-License-Identifier: Apache-2.0
// Timestamps of RFC 3161: a signed message (CMS, RFC 5652) that states when a hash was known.

import Foundation
import SwiftASN1
import X509

/// A response of a timestamp authority. It must be verified before its time counts.
struct Timestamp {
    /// The most certificates that a response carries.
    private static let mostCertificates = 16

    /// The statement as it was signed (TSTInfo).
    let content: Data
    /// The stated time.
    let date: Date
    /// The hash of what was stamped.
    let hash: HashAlgorithm
    let digest: Data
    /// The certificates sent along, in no order.
    let certificates: [Certificate]
    /// The signer: issuer and serial number, or the key's identifier.
    let signer: SignerIdentifier
    /// The attributes that are signed, by their types.
    let attributes: [ASN1ObjectIdentifier: ASN1Node]
    /// The bytes that are signed: the attributes as a set.
    let signedBytes: Data
    let contentHash: HashAlgorithm
    let algorithm: Certificate.SignatureAlgorithm
    let signature: Data

    /// How a message names the certificate of its signer.
    enum SignerIdentifier: Sendable, Hashable {
        case certificate(issuer: DistinguishedName, serialNumber: Certificate.SerialNumber)
        case key(ArraySlice<UInt8>)

        func matches(_ certificate: Certificate) -> Bool {
            switch self {
            case .certificate(let issuer, let serialNumber):
                certificate.issuer == issuer && certificate.serialNumber == serialNumber
            case .key(let identifier):
                (try? certificate.extensions.subjectKeyIdentifier)?.keyIdentifier == identifier
            }
        }
    }

    private static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 7, 2]
    static let statement: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 9, 16, 1, 4]

    /// Reads a response.
    ///
    /// - Parameter der: A TimeStampResp.
    /// - Throws: `MalformedDER`, or an error of the library, when it is not a response that grants a
    ///   timestamp with one signature.
    init(der: Data) throws {
        var response = try DER.parse(Array(der)).fields
        let status = try response.take().fields.first.map { try Int(derEncoded: $0) }
        // 0 is "granted", 1 "granted with modifications".
        guard status == 0 || status == 1 else { throw MalformedDER() }
        var message = try response.take().fields
        guard response.isEmpty,
            try ASN1ObjectIdentifier(derEncoded: message.take()) == Self.signedData
        else { throw MalformedDER() }
        var fields = try message.take().tagged.fields
        _ = try fields.take()  // the version
        _ = try fields.take()  // the hash functions, which the signer names again
        var encapsulated = try fields.take().fields
        guard try ASN1ObjectIdentifier(derEncoded: encapsulated.take()) == Self.statement else {
            throw MalformedDER()
        }
        let bytes = try ASN1OctetString(derEncoded: encapsulated.take().tagged).bytes
        content = Data(bytes)
        let sent = try fields.take { $0.hasTag(0) }?.fields ?? []
        guard sent.count <= Self.mostCertificates else { throw MalformedDER() }
        certificates = try sent.map { try Certificate(derEncoded: $0) }
        _ = fields.take { $0.hasTag(1) }  // revocation lists
        let signers = try fields.take().fields
        guard let signerInfo = signers.first, signers.count == 1 else { throw MalformedDER() }

        var info = try signerInfo.fields
        _ = try info.take()  // the version
        let identifier = try info.take()
        if identifier.hasTag(0) {
            guard case .primitive(let bytes) = identifier.content else { throw MalformedDER() }
            signer = .key(bytes)
        } else {
            var parts = try identifier.fields
            signer = .certificate(
                issuer: try DistinguishedName(derEncoded: parts.take()),
                serialNumber: Certificate.SerialNumber(
                    bytes: try ArraySlice<UInt8>(derEncoded: parts.take())))
        }
        contentHash = try HashAlgorithm(info.take())
        let signed = try info.take()
        guard signed.hasTag(0) else { throw MalformedDER() }
        var attributes: [ASN1ObjectIdentifier: ASN1Node] = [:]
        for attribute in try signed.fields {
            var parts = try attribute.fields
            let type = try ASN1ObjectIdentifier(derEncoded: parts.take())
            guard try attributes.updateValue(parts.take().tagged, forKey: type) == nil else {
                throw MalformedDER()
            }
        }
        self.attributes = attributes
        // The tag that is signed is that of a set (RFC 5652, section 5.4).
        signedBytes = Data([0x31]) + signed.encodedBytes.dropFirst()
        algorithm = try Certificate.SignatureAlgorithm(info.take(), hash: contentHash)
        signature = Data(try ASN1OctetString(derEncoded: info.take()).bytes)

        var stated = try DER.parse(bytes).fields
        guard try Int(derEncoded: stated.take()) == 1 else { throw MalformedDER() }
        _ = try stated.take()  // the authority's policy
        var imprint = try stated.take().fields
        hash = try HashAlgorithm(imprint.take())
        digest = Data(try ASN1OctetString(derEncoded: imprint.take()).bytes)
        _ = try stated.take()  // the serial number
        date = try Date(stated.take())
        let extensions = stated.first { $0.hasTag(1) }
        guard try extensions?.extensions.contains(where: \.critical) != true else {
            throw MalformedDER()
        }
    }
}
