// SPDX-License-Identifier: Apache-2.0
// The Ed25519 keys of signed notes (c2sp.org/signed-note), in the text form of Go's note package.

import Crypto
import Foundation
import JSONText

/// The public key of a note's signer: `name+12345678+base64`.
public struct NoteVerifierKey: Sendable, CustomStringConvertible {
    static let ed25519: UInt8 = 1

    /// The key's name. For a log it is the origin.
    public let name: String
    /// The first four bytes of the SHA-256 of name, newline, type and key.
    public let identifier: UInt32
    private let publicKey: Curve25519.Signing.PublicKey

    init(name: String, publicKey: Curve25519.Signing.PublicKey) {
        self.name = name
        self.publicKey = publicKey
        identifier = Self.identifier(name: name, publicKey)
    }

    /// Reads a key.
    ///
    /// - Parameter text: The key, `name+12345678+base64`.
    /// - Throws: An `InputError` when the text is not a key, or its parts contradict one another.
    public init(_ text: String) throws {
        let (name, identifier, bytes) = try Self.parts(of: text, what: "verifier key")
        guard let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            throw InputError(
                "verifier key", "is no Ed25519 key", remedy: "ask the log for its key")
        }
        self.init(name: name, publicKey: publicKey)
        guard self.identifier == identifier else {
            throw InputError(
                "verifier key", "the name, the number and the key do not belong together",
                remedy: "ask the log for its key")
        }
    }

    /// The key in one line.
    public var description: String {
        let bytes = Data([Self.ed25519]) + publicKey.rawRepresentation
        return "\(name)+\(identifier.eightDigits)+\(bytes.base64EncodedString())"
    }

    func isValid(_ signature: Data, of text: String) -> Bool {
        publicKey.isValidSignature(signature, for: Data(text.utf8))
    }

    static func identifier(
        name: String, _ publicKey: Curve25519.Signing.PublicKey
    ) -> UInt32 {
        let bytes = Data("\(name)\n".utf8) + [ed25519] + publicKey.rawRepresentation
        return SHA256.hash(data: bytes).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Returns whether a text can be a name: not empty, no spaces and no plus.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 && $0.value != 0x7F
            }
    }

    fileprivate static func parts(
        of text: String, what: String
    ) throws -> (name: String, identifier: UInt32, bytes: Data) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isName(String(parts[0])), parts[1].utf8.count == 8,
            let identifier = UInt32(parts[1], radix: 16),
            let bytes = Data(canonicalBase64: String(parts[2])), bytes.count == 33,
            bytes.first == ed25519
        else {
            throw InputError(
                what, "is not of the form name+12345678+base64 of an Ed25519 key",
                remedy: "give the line that 'temper log create' printed or wrote")
        }
        return (String(parts[0]), identifier, bytes.dropFirst())
    }
}

/// The key that signs a log's checkpoints: `PRIVATE+KEY+name+12345678+base64`.
///
/// Printing, dumping or interpolating a key shows its public half only.
public struct NoteSigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private static let prefix = "PRIVATE+KEY+"

    private let privateKey: Curve25519.Signing.PrivateKey
    /// The public half.
    public let verifierKey: NoteVerifierKey

    /// Makes a new key.
    ///
    /// - Parameter name: The log's origin, such as `example.org/audits`.
    /// - Throws: An `InputError` when the text cannot be a name.
    public init(name: String) throws {
        guard NoteVerifierKey.isName(name) else {
            throw InputError(
                "origin \"\(name)\"", "is empty or has a space or a plus",
                remedy: "choose one such as example.org/audits")
        }
        privateKey = Curve25519.Signing.PrivateKey()
        verifierKey = NoteVerifierKey(name: name, publicKey: privateKey.publicKey)
    }

    /// Reads a key.
    ///
    /// - Parameter text: The value of ``text``.
    /// - Throws: An `InputError` that shows nothing of the key's bytes.
    public init(_ text: String) throws {
        guard text.hasPrefix(Self.prefix) else {
            throw InputError(
                "signing key", "does not begin with \(Self.prefix)",
                remedy: "give the file that 'temper log create' wrote")
        }
        let (name, identifier, bytes) = try NoteVerifierKey.parts(
            of: String(text.dropFirst(Self.prefix.count)), what: "signing key")
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes),
            NoteVerifierKey.identifier(name: name, key.publicKey) == identifier
        else {
            throw InputError(
                "signing key", "the name, the number and the key do not belong together",
                remedy: "give the file that 'temper log create' wrote")
        }
        privateKey = key
        verifierKey = NoteVerifierKey(name: name, publicKey: key.publicKey)
    }

    /// The key as text for its file. It is secret.
    public var text: String {
        let bytes = Data([NoteVerifierKey.ed25519]) + privateKey.rawRepresentation
        let key = verifierKey
        return
            "\(Self.prefix)\(key.name)+\(key.identifier.eightDigits)+\(bytes.base64EncodedString())"
    }

    /// The public half. It shows nothing of the private key.
    public var description: String { "private key of \(verifierKey)" }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// Shows nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    func signature(of text: String) throws -> Data {
        try privateKey.signature(for: Data(text.utf8))
    }
}

extension UInt32 {
    fileprivate var eightDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The bytes, the most significant first.
    var bigEndianBytes: Data { withUnsafeBytes(of: bigEndian) { Data($0) } }
}

extension Data {
    /// Decodes base64 and refuses a text that is not the canonical one: decoders ignore stray bits.
    init?(canonicalBase64 text: String) {
        self.init(base64Encoded: text)
        guard base64EncodedString().utf8.elementsEqual(text.utf8) else { return nil }
    }
}
