// SPDX-License-Identifier: Apache-2.0
// Signed certificate timestamps: a log's word that it holds a certificate (RFC 6962, section 3.2).

import Foundation
import SwiftASN1
import X509

/// A timestamp that a log of certificates signed before the certificate was issued.
struct SignedCertificateTimestamp: Sendable, Hashable {
    /// The extension of a certificate that holds its timestamps.
    static let listIdentifier: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 11_129, 2, 4, 2]

    /// The most timestamps of a certificate.
    private static let most = 8

    /// SHA-256 of the log's key.
    let logIdentifier: Data
    /// Milliseconds since 1970.
    let milliseconds: UInt64
    /// Extensions of the timestamp, which are signed and mean nothing.
    let extensions: Data
    /// The hash function and the kind of key in TLS's numbers.
    let algorithm: [UInt8]
    let signature: Data

    /// The time of the timestamp.
    var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1_000) }

    /// Reads the timestamps of a certificate.
    ///
    /// - Parameter certificate: The certificate.
    /// - Returns: The timestamps.
    /// - Throws: `MalformedDER`, or an error of the library, when the certificate has none or they
    ///   are damaged.
    static func all(in certificate: Certificate) throws -> [SignedCertificateTimestamp] {
        guard let list = certificate.extensions[oid: listIdentifier] else { throw MalformedDER() }
        var reader = TLSReader(rest: try ASN1OctetString(derEncoded: list.value).bytes)
        var entries = TLSReader(rest: try reader.vector(lengthBytes: 2))
        guard reader.rest.isEmpty else { throw MalformedDER() }
        var timestamps: [SignedCertificateTimestamp] = []
        while !entries.rest.isEmpty {
            var entry = TLSReader(rest: try entries.vector(lengthBytes: 2))
            timestamps.append(try SignedCertificateTimestamp(&entry))
            guard entry.rest.isEmpty, timestamps.count <= most else { throw MalformedDER() }
        }
        return timestamps
    }

    private init(_ reader: inout TLSReader) throws {
        guard try reader.number(bytes: 1) == 0 else { throw MalformedDER() }
        logIdentifier = Data(try reader.take(32))
        milliseconds = try reader.number(bytes: 8)
        extensions = Data(try reader.vector(lengthBytes: 2))
        algorithm = Array(try reader.take(2))
        signature = Data(try reader.vector(lengthBytes: 2))
    }

    /// Returns whether a log signed the timestamp of a certificate.
    ///
    /// - Parameters:
    ///   - certificate: The certificate.
    ///   - issuer: The certificate of the authority that issued it.
    ///   - logs: The trusted logs.
    /// - Returns: Whether one of them that was in use at the time did.
    /// - Throws: `MalformedDER`, or an error of the library, when the certificate is damaged.
    func isValid(
        for certificate: Certificate, issuedBy issuer: Certificate, logs: [TrustedRoot.Log]
    ) throws -> Bool {
        // SHA-256, with ECDSA or RSA.
        guard algorithm == [4, 3] || algorithm == [4, 1] else { return false }
        let signed = try signedBytes(for: certificate, issuedBy: issuer)
        return logs.contains { log in
            log.identifier == logIdentifier && log.period.contains(date)
                && log.isValid(signature, of: signed)
        }
    }

    /// The bytes that the log signed: the certificate as it was before the timestamps were added.
    private func signedBytes(
        for certificate: Certificate, issuedBy issuer: Certificate
    ) throws -> Data {
        var key = DER.Serializer()
        try key.serialize(issuer.publicKey)
        let issued = try certificate.bytesBeforeTimestamps
        var bytes = Data([0, 0])
        bytes += Data(bigEndian: milliseconds, count: 8)
        bytes += [0, 1]
        bytes += HashAlgorithm.sha256.digest(of: key.serializedBytes)
        bytes += Data(bigEndian: UInt64(issued.count), count: 3) + issued
        bytes += Data(bigEndian: UInt64(extensions.count), count: 2) + extensions
        return bytes
    }
}

extension Certificate {
    /// The signed part of the certificate without the list of timestamps.
    fileprivate var bytesBeforeTimestamps: [UInt8] {
        get throws {
            let fields = try DER.parse(tbsCertificateBytes).fields
            var serializer = DER.Serializer()
            try serializer.appendConstructedNode(identifier: .sequence) { serializer in
                for field in fields {
                    guard field.hasTag(3) else {
                        serializer.serializeRawBytes(field.encodedBytes)
                        continue
                    }
                    let kept = try field.tagged.fields.filter {
                        try Extension(derEncoded: $0).oid
                            != SignedCertificateTimestamp.listIdentifier
                    }
                    serializer.appendConstructedNode(identifier: field.identifier) { serializer in
                        serializer.appendConstructedNode(identifier: .sequence) { serializer in
                            for node in kept { serializer.serializeRawBytes(node.encodedBytes) }
                        }
                    }
                }
            }
            return serializer.serializedBytes
        }
    }
}

/// A cursor over numbers and vectors as TLS writes them (RFC 8446, section 3).
private struct TLSReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw MalformedDER() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number(bytes: Int) throws -> UInt64 {
        try take(bytes).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func vector(lengthBytes: Int) throws -> ArraySlice<UInt8> {
        try take(Int(number(bytes: lengthBytes)))
    }
}

extension Data {
    /// The last bytes of a number, the most significant first.
    init(bigEndian number: UInt64, count: Int) {
        self = Swift.withUnsafeBytes(of: number.bigEndian) { Data($0.suffix(count)) }
    }
}
