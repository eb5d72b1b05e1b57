// SPDX-License-Identifier: Apache-2.0
// A public key, with the check of signatures.

import Checkpoints
import Crypto
public import Foundation
import JSONText
import SwiftASN1
import X509

/// The public half of a ``SigningKey``.
public struct VerificationKey: Sendable, Hashable, CustomStringConvertible {
    private enum Key: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
    }

    private let key: Key

    /// The key as PEM (SubjectPublicKeyInfo, RFC 5280) with lines of 64 columns and a line feed
    /// at the end.
    public let pemRepresentation: String

    /// The SHA-256 of ``pemRepresentation`` in lowercase hexadecimal digits: the key's name in
    /// bundles.
    public let hint: String

    /// The curve of the key.
    public var curve: Curve {
        switch key {
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        }
    }

    /// Reads a key.
    ///
    /// - Parameters:
    ///   - pem: A PEM document `PUBLIC KEY` (SubjectPublicKeyInfo). Text in front of it is left
    ///     out.
    ///   - name: The key's name in errors: its file's path.
    /// - Throws: An `InputError` when it is not a public key on P-256, P-384 or P-521.
    public init(pem: String, named name: String = "the public key") throws {
        let pem = try PEMText.key(in: pem, named: name)
        if let key = try? P256.Signing.PublicKey(pemRepresentation: pem) {
            self.init(key)
        } else if let key = try? P384.Signing.PublicKey(pemRepresentation: pem) {
            self.init(key)
        } else if let key = try? P521.Signing.PublicKey(pemRepresentation: pem) {
            self.init(key)
        } else {
            let isPrivate = pem.contains("PRIVATE KEY-----")
            throw InputError(
                name,
                isPrivate
                    ? "holds a private key where a public one is expected"
                    : "is not a PEM public key on P-256, P-384 or P-521",
                remedy: isPrivate
                    ? "give the file that ends in .pub.pem, and keep the private one to yourself"
                    : "give the .pub.pem that 'temper keygen' wrote, or one of openssl's "
                        + "'pkey -pubout'")
        }
    }

    /// Reads a key's file.
    ///
    /// - Parameter file: A PEM file.
    /// - Throws: An `InputError` when it cannot be read or is not a public key.
    public init(contentsOf file: URL) throws {
        try self.init(
            pem: try KeyFile.text(of: file), named: file.path(percentEncoded: false))
    }

    /// Reads a key from PEM or from DER (SubjectPublicKeyInfo); nil if the bytes are neither.
    init?(pemOrDER bytes: Data) {
        let pem =
            String(validating: bytes, as: UTF8.self).flatMap {
                $0.contains("-----BEGIN") ? $0 : nil
            }
            ?? PEMDocument(type: "PUBLIC KEY", derBytes: Array(bytes)).pemString
        guard let key = try? Self(pem: pem) else { return nil }
        self = key
    }

    init(_ key: P256.Signing.PublicKey) { self.init(.p256(key), key.pemRepresentation) }
    init(_ key: P384.Signing.PublicKey) { self.init(.p384(key), key.pemRepresentation) }
    init(_ key: P521.Signing.PublicKey) { self.init(.p521(key), key.pemRepresentation) }

    /// Takes the key of a certificate; nil for another kind of key.
    init?(_ key: Certificate.PublicKey) {
        if let key = P256.Signing.PublicKey(key) {
            self.init(key)
        } else if let key = P384.Signing.PublicKey(key) {
            self.init(key)
        } else if let key = P521.Signing.PublicKey(key) {
            self.init(key)
        } else {
            return nil
        }
    }

    private init(_ key: Key, _ pem: String) {
        self.key = key
        pemRepresentation = pem.hasSuffix("\n") ? pem : pem + "\n"
        hint = SHA256.hash(data: Data(pemRepresentation.utf8)).hexadecimal
    }

    /// Returns whether a signature over a message was made by this key.
    ///
    /// - Parameters:
    ///   - signature: An ECDSA signature in DER; another encoding is refused.
    ///   - message: The message, not yet hashed.
    /// - Returns: Whether the signature is valid.
    public func isValidSignature(_ signature: Data, for message: Data) -> Bool {
        let digests = MessageDigests(of: [message])
        return isValidSignature(signature, for: digests)
    }

    /// Returns whether a signature over a message was made by this key. Of several signatures over
    /// one message, the message is hashed once.
    func isValidSignature(_ signature: Data, for message: MessageDigests) -> Bool {
        switch key {
        case .p256(let key):
            (try? P256.Signing.ECDSASignature(derRepresentation: signature))
                .map { key.isValidSignature($0, for: message.sha256) } ?? false
        case .p384(let key):
            (try? P384.Signing.ECDSASignature(derRepresentation: signature))
                .map { key.isValidSignature($0, for: message.sha384) } ?? false
        case .p521(let key):
            (try? P521.Signing.ECDSASignature(derRepresentation: signature))
                .map { key.isValidSignature($0, for: message.sha512) } ?? false
        }
    }

    /// The curve and the hint.
    public var description: String { "\(curve.standardName) key \(hint)" }

    /// Two keys are equal when their PEM is.
    public static func == (a: VerificationKey, b: VerificationKey) -> Bool {
        a.pemRepresentation == b.pemRepresentation
    }

    /// Hashes the PEM.
    public func hash(into hasher: inout Hasher) { hasher.combine(pemRepresentation) }
}
