// SPDX-License-Identifier: Apache-2.0
// The Ed25519 keys of signed notes (c2sp.org/signed-note), in the text form of Go's note package.

import Crypto
import Foundation
import JSONText

/// What a key of signed notes signs. The number is the key's first byte in its text.
public enum NoteKeyKind: UInt8, Sendable {
    /// The note's text: the key of a log.
    case log = 1
    /// The note's text and the time (cosignature/v1 of c2sp.org/tlog-cosignature): the key of a
    /// witness.
    case witness = 4
}

/// The public key of a note's signer: `name+12345678+base64`.
public struct NoteVerifierKey: Sendable, Hashable, CustomStringConvertible {
    /// The key's name. For a log it is the origin.
    public let name: String
    /// What the key signs.
    public let kind: NoteKeyKind
    /// The first four bytes of the SHA-256 of name, newline, type and key.
    public let identifier: UInt32
    /// The 32 bytes of the key, without its name.
    let bytes: Data

    fileprivate init(name: String, kind: NoteKeyKind, _ publicKey: Curve25519.Signing.PublicKey) {
        self.name = name
        self.kind = kind
        bytes = publicKey.rawRepresentation
        identifier = Self.identifier(name: name, kind: kind, publicKey)
    }

    /// Reads a key.
    ///
    /// - Parameters:
    ///   - text: The key, `name+12345678+base64`.
    ///   - kind: What the key must sign.
    /// - Throws: An `InputError` when the text is not such a key, or its parts contradict one
    ///   another.
    public init(_ text: String, kind: NoteKeyKind = .log) throws {
        let (name, identifier, bytes) = try Self.parts(of: text, kind, what: "verifier key")
        guard let publicKey = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            throw InputError(
                "verifier key", "is no Ed25519 key", remedy: "ask the log for its key")
        }
        self.init(name: name, kind: kind, publicKey)
        guard self.identifier == identifier else {
            throw InputError(
                "verifier key", "the name, the number and the key do not belong together",
                remedy: "ask the log for its key")
        }
    }

    /// The key in one line.
    public var description: String {
        let text = (Data([kind.rawValue]) + bytes).base64EncodedString()
        return "\(name)+\(identifier.eightDigits)+\(text)"
    }

    /// Returns whether a signature is the key's: a witness's begins with the time.
    func isValid(_ signature: Data, of text: String) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            return false
        }
        switch kind {
        case .log: return key.isValidSignature(signature, for: Data(text.utf8))
        case .witness:
            guard let time = Self.time(of: signature) else { return false }
            return key.isValidSignature(
                signature.dropFirst(8), for: Self.cosigned(text, at: time))
        }
    }

    /// Returns the seconds since 1970 that a cosignature states; nil if it is too short or too late.
    static func time(of cosignature: Data) -> UInt64? {
        let time = cosignature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return cosignature.count > 8 && time <= UInt64(Int64.max) ? time : nil
    }

    /// Returns the message that a witness signs.
    fileprivate static func cosigned(_ text: String, at time: UInt64) -> Data {
        Data("cosignature/v1\ntime \(time)\n\(text)".utf8)
    }

    fileprivate static func identifier(
        name: String, kind: NoteKeyKind, _ publicKey: Curve25519.Signing.PublicKey
    ) -> UInt32 {
        let bytes = Data("\(name)\n".utf8) + [kind.rawValue] + publicKey.rawRepresentation
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
        of text: String, _ kind: NoteKeyKind, what: String
    ) throws -> (name: String, identifier: UInt32, bytes: Data) {
        let (command, title) =
            kind == .log ? ("create", "an Ed25519 key") : ("witness", "a witness's key (type 4)")
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isName(String(parts[0])), parts[1].utf8.count == 8,
            let identifier = UInt32(parts[1], radix: 16),
            let bytes = Data(canonicalBase64: String(parts[2])), bytes.count == 33,
            bytes.first == kind.rawValue
        else {
            throw InputError(
                what, "is not of the form name+12345678+base64 of \(title)",
                remedy: "give the line that 'temper log \(command)' printed or wrote")
        }
        return (String(parts[0]), identifier, bytes.dropFirst())
    }
}

/// The key that signs checkpoints, a log's or a witness's: `PRIVATE+KEY+name+12345678+base64`.
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
    /// - Parameters:
    ///   - name: The log's origin, such as `example.org/audits`, or the witness's name.
    ///   - kind: What the key signs.
    /// - Throws: An `InputError` when the text cannot be a name.
    public init(name: String, kind: NoteKeyKind = .log) throws {
        guard NoteVerifierKey.isName(name) else {
            throw InputError(
                "name \"\(name)\"", "is empty or has a space or a plus",
                remedy: "choose one such as example.org/audits")
        }
        privateKey = Curve25519.Signing.PrivateKey()
        verifierKey = NoteVerifierKey(name: name, kind: kind, privateKey.publicKey)
    }

    /// Reads a key.
    ///
    /// - Parameters:
    ///   - text: The value of ``text``.
    ///   - kind: What the key must sign.
    /// - Throws: An `InputError` that shows nothing of the key's bytes.
    public init(_ text: String, kind: NoteKeyKind = .log) throws {
        let remedy =
            "give the file that 'temper log \(kind == .log ? "create" : "witness")' wrote"
        guard text.hasPrefix(Self.prefix) else {
            throw InputError(
                "signing key", "does not begin with \(Self.prefix)", remedy: remedy)
        }
        let (name, identifier, bytes) = try NoteVerifierKey.parts(
            of: String(text.dropFirst(Self.prefix.count)), kind, what: "signing key")
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes),
            NoteVerifierKey.identifier(name: name, kind: kind, key.publicKey) == identifier
        else {
            throw InputError(
                "signing key", "the name, the number and the key do not belong together",
                remedy: remedy)
        }
        privateKey = key
        verifierKey = NoteVerifierKey(name: name, kind: kind, key.publicKey)
    }

    /// The key as text for its file. It is secret.
    public var text: String {
        let key = verifierKey
        let bytes = Data([key.kind.rawValue]) + privateKey.rawRepresentation
        return
            "\(Self.prefix)\(key.name)+\(key.identifier.eightDigits)+\(bytes.base64EncodedString())"
    }

    /// The public half. It shows nothing of the private key.
    public var description: String { "private key of \(verifierKey)" }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// Shows nothing of the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Returns the signature of a note's text; a witness's states the time.
    func signature(of text: String, at time: Date) throws -> Data {
        guard verifierKey.kind == .witness else {
            return try privateKey.signature(for: Data(text.utf8))
        }
        let seconds = UInt64(max(0, time.timeIntervalSince1970))
        return seconds.bigEndianBytes
            + (try privateKey.signature(for: NoteVerifierKey.cosigned(text, at: seconds)))
    }
}

extension UInt32 {
    fileprivate var eightDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension FixedWidthInteger {
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
