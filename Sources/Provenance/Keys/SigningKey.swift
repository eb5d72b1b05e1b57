// SPDX-License-Identifier: Apache-2.0
// A private key: it signs, is written to PEM, and is never printed.

import Crypto
public import Foundation
import JSONText

/// A private ECDSA key.
///
/// Printing, dumping or interpolating a key shows its curve only.
public struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private enum Key: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    private let key: Key

    /// Makes a new key from the system's random numbers.
    ///
    /// - Parameter curve: The curve to sign on.
    /// - Returns: The key.
    public static func generate(_ curve: Curve) -> SigningKey {
        switch curve {
        case .p256: SigningKey(key: .p256(P256.Signing.PrivateKey()))
        case .p384: SigningKey(key: .p384(P384.Signing.PrivateKey()))
        case .p521: SigningKey(key: .p521(P521.Signing.PrivateKey()))
        }
    }

    private init(key: Key) { self.key = key }

    /// Reads a key.
    ///
    /// - Parameters:
    ///   - pem: A PEM document: `PRIVATE KEY` (PKCS #8), `ENCRYPTED PRIVATE KEY` (PBES2 with
    ///     PBKDF2-HMAC-SHA256 and AES-CBC) or `EC PRIVATE KEY` (SEC 1). Text and curve parameters
    ///     in front of it are left out.
    ///   - password: The password of an encrypted key.
    ///   - name: The key's name in errors: its file's path.
    /// - Throws: An `InputError` when the password is missing or wrong, or it is not a
    ///   private key on P-256, P-384 or P-521.
    public init(pem: String, password: String? = nil, named name: String = "the private key") throws
    {
        let pem = try EncryptedPrivateKey.decrypted(
            PEMText.key(in: pem, named: name), password: password, named: name)
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) {
            self.init(key: .p256(key))
        } else if let key = try? P384.Signing.PrivateKey(pemRepresentation: pem) {
            self.init(key: .p384(key))
        } else if let key = try? P521.Signing.PrivateKey(pemRepresentation: pem) {
            self.init(key: .p521(key))
        } else {
            throw InputError(
                name, "is not a PEM private key on P-256, P-384 or P-521",
                remedy: "make one with 'temper keygen', or convert it with openssl's 'pkcs8 -topk8'"
            )
        }
    }

    /// Reads a key's file.
    ///
    /// - Parameters:
    ///   - file: A PEM file.
    ///   - password: The password of an encrypted key.
    /// - Throws: An `InputError`, as ``init(pem:password:named:)`` does, or when the file
    ///   cannot be read.
    public init(contentsOf file: URL, password: String? = nil) throws {
        try self.init(
            pem: try KeyFile.text(of: file), password: password,
            named: file.path(percentEncoded: false))
    }

    /// Returns the key as PEM: PKCS #8, encrypted when there is a password (PBES2, RFC 8018).
    ///
    /// - Parameter password: The password to encrypt with; nil leaves the key in the clear.
    /// - Returns: The PEM document with a line feed at the end.
    /// - Throws: An `InputError` when the password is empty.
    public func pemRepresentation(password: String? = nil) throws -> String {
        let (der, pem) =
            switch key {
            case .p256(let key): (key.derRepresentation, key.pemRepresentation)
            case .p384(let key): (key.derRepresentation, key.pemRepresentation)
            case .p521(let key): (key.derRepresentation, key.pemRepresentation)
            }
        guard let password else { return pem + "\n" }
        return try EncryptedPrivateKey(encrypting: der, password: password).pem
    }

    /// The public half.
    public var publicKey: VerificationKey {
        switch key {
        case .p256(let key): VerificationKey(key.publicKey)
        case .p384(let key): VerificationKey(key.publicKey)
        case .p521(let key): VerificationKey(key.publicKey)
        }
    }

    /// Signs a message.
    ///
    /// - Parameter message: The message, not yet hashed.
    /// - Returns: An ECDSA signature in DER.
    /// - Throws: Errors of the cryptographic library.
    public func signature(for message: Data) throws -> Data {
        switch key {
        case .p256(let key): try key.signature(for: message).derRepresentation
        case .p384(let key): try key.signature(for: message).derRepresentation
        case .p521(let key): try key.signature(for: message).derRepresentation
        }
    }

    /// The curve. It shows nothing of the key.
    public var description: String { "private key on \(publicKey.curve.standardName)" }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// Shows nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
