// SPDX-License-Identifier: Apache-2.0
// Private keys under a password: PKCS #8 with PBES2, PBKDF2-HMAC-SHA256 and AES-CBC (RFC 8018).

import Crypto
import CryptoExtras
import Foundation
import JSONText
import SwiftASN1

/// EncryptedPrivateKeyInfo (RFC 5958), as openssl reads and writes it.
struct EncryptedPrivateKey: DERParseable, DERSerializable {
    private static let discriminator = "ENCRYPTED PRIVATE KEY"

    /// The number that OWASP advises for PBKDF2-HMAC-SHA256 (2023).
    private static let iterations = 600_000

    /// The most iterations, about a second of hashing: a hostile file must not cost more.
    private static let mostIterations = 2_000_000

    private var salt: [UInt8]
    private var iterations: Int
    private var keyLength: Int
    private var initialisationVector: [UInt8]
    private var ciphertext: [UInt8]

    /// Encrypts a private key under a fresh salt.
    init(encrypting der: Data, password: String) throws {
        guard !password.isEmpty else {
            throw InputError(
                "the password", "is empty", remedy: "choose one, or leave the key unencrypted")
        }
        var random = SystemRandomNumberGenerator()
        salt = (0..<16).map { _ in .random(in: .min ... .max, using: &random) }
        initialisationVector = (0..<16).map { _ in .random(in: .min ... .max, using: &random) }
        iterations = Self.iterations
        keyLength = 32
        ciphertext = []
        ciphertext = Array(
            try AES._CBC.encrypt(
                der, using: try key(password),
                iv: AES._CBC.IV(ivBytes: initialisationVector)))
    }

    /// The key as a PEM document with a line feed at the end.
    var pem: String {
        get throws {
            var serializer = DER.Serializer()
            try serialize(into: &serializer)
            return PEMDocument(
                type: Self.discriminator, derBytes: serializer.serializedBytes
            ).pemString + "\n"
        }
    }

    /// Returns the key as plain PEM. A document that is not encrypted is returned as it is.
    static func decrypted(_ pem: String, password: String?, named name: String) throws -> String {
        if pem.contains("Proc-Type: 4,ENCRYPTED") {
            throw InputError(
                name, "is encrypted in an old way that hardly slows a guesser down",
                remedy: "convert it with openssl's 'pkcs8 -topk8 -v2 aes-256-cbc'")
        }
        guard let document = try? PEMDocument(pemString: pem),
            document.discriminator == discriminator
        else { return pem }
        guard let password else {
            throw InputError(
                name, "is encrypted", remedy: "name a file with its password: --password-file")
        }
        let encrypted: EncryptedPrivateKey
        do {
            encrypted = try EncryptedPrivateKey(derEncoded: document.derBytes)
        } catch {
            throw InputError(
                name, "is encrypted in a way that is not supported",
                remedy: "convert it with openssl's 'pkcs8 -topk8 -v2 aes-256-cbc'")
        }
        guard encrypted.iterations <= mostIterations else {
            throw InputError(
                name,
                "asks for \(encrypted.iterations) rounds of PBKDF2, more than \(mostIterations)",
                remedy: "convert it with openssl's 'pkcs8 -topk8 -v2 aes-256-cbc -iter "
                    + "\(Self.iterations)'")
        }
        guard
            let key = try? encrypted.key(password),
            let vector = try? AES._CBC.IV(ivBytes: encrypted.initialisationVector),
            let der = try? AES._CBC.decrypt(encrypted.ciphertext, using: key, iv: vector),
            // With a wrong password the padding may be valid by chance, but hardly the DER
            // sequence.
            (try? DER.parse(Array(der))) != nil
        else {
            throw InputError(
                name, "cannot be decrypted with this password", remedy: "check the password")
        }
        return PEMDocument(type: "PRIVATE KEY", derBytes: Array(der)).pemString
    }

    private func key(_ password: String) throws -> SymmetricKey {
        try KDF.Insecure.PBKDF2.deriveKey(
            from: Array(password.utf8), salt: salt, using: .sha256, outputByteCount: keyLength,
            unsafeUncheckedRounds: iterations)
    }

    // MARK: - DER

    init(derEncoded node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { try Self(&$0) }
    }

    private init(_ nodes: inout ASN1NodeCollection.Iterator) throws {
        var salt: [UInt8] = []
        var iterations = 0
        var keyLength: Int?
        var vector: [UInt8] = []
        try Self.sequence(&nodes) { nodes in
            try Self.expect(.pbes2, &nodes)
            try Self.sequence(&nodes) { nodes in
                try Self.sequence(&nodes) { nodes in
                    try Self.expect(.pbkdf2, &nodes)
                    try Self.sequence(&nodes) { nodes in
                        salt = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
                        iterations = try Int(derEncoded: &nodes)
                        keyLength = try DER.optionalImplicitlyTagged(&nodes)
                        // An absent PRF would mean HMAC with SHA-1.
                        try Self.sequence(&nodes) { nodes in
                            try Self.expect(.hmacWithSHA256, &nodes)
                            let _: ASN1Null? = try DER.optionalImplicitlyTagged(&nodes)
                        }
                    }
                }
                try Self.sequence(&nodes) { nodes in
                    let cipher = try ASN1ObjectIdentifier(derEncoded: &nodes)
                    let length: Int? = cipher == .aes256CBC ? 32 : cipher == .aes128CBC ? 16 : nil
                    guard let length, keyLength ?? length == length else { throw Unsupported() }
                    keyLength = length
                    vector = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
                }
            }
        }
        guard let keyLength, iterations > 0, vector.count == 16, !salt.isEmpty else {
            throw Unsupported()
        }
        self.salt = salt
        self.iterations = iterations
        self.keyLength = keyLength
        initialisationVector = vector
        ciphertext = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
    }

    private struct Unsupported: Error {}

    private static func sequence(
        _ nodes: inout ASN1NodeCollection.Iterator,
        _ read: (inout ASN1NodeCollection.Iterator) throws -> Void
    ) throws {
        guard let node = nodes.next() else { throw Unsupported() }
        try DER.sequence(node, identifier: .sequence, read)
    }

    private static func expect(
        _ identifier: ASN1ObjectIdentifier, _ nodes: inout ASN1NodeCollection.Iterator
    ) throws {
        guard try ASN1ObjectIdentifier(derEncoded: &nodes) == identifier else {
            throw Unsupported()
        }
    }

    func serialize(into coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.serialize(ASN1ObjectIdentifier.pbes2)
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        try coder.serialize(ASN1ObjectIdentifier.pbkdf2)
                        try coder.appendConstructedNode(identifier: .sequence) { coder in
                            try coder.serialize(ASN1OctetString(contentBytes: salt[...]))
                            try coder.serialize(iterations)
                            try coder.appendConstructedNode(identifier: .sequence) { coder in
                                try coder.serialize(ASN1ObjectIdentifier.hmacWithSHA256)
                                try coder.serialize(ASN1Null())
                            }
                        }
                    }
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        try coder.serialize(ASN1ObjectIdentifier.aes256CBC)
                        try coder.serialize(
                            ASN1OctetString(contentBytes: initialisationVector[...]))
                    }
                }
            }
            try coder.serialize(ASN1OctetString(contentBytes: ciphertext[...]))
        }
    }
}

extension ASN1ObjectIdentifier {
    fileprivate static let pbkdf2: Self = [1, 2, 840, 113549, 1, 5, 12]
    fileprivate static let pbes2: Self = [1, 2, 840, 113549, 1, 5, 13]
    fileprivate static let hmacWithSHA256: Self = [1, 2, 840, 113549, 2, 9]
    fileprivate static let aes128CBC: Self = [2, 16, 840, 1, 101, 3, 4, 1, 2]
    fileprivate static let aes256CBC: Self = [2, 16, 840, 1, 101, 3, 4, 1, 42]
}
