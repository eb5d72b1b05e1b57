// SPDX-License-Identifier: Apache-2.0
// A text with signatures under it, in the format of c2sp.org/signed-note.

public import Foundation
import JSONText

/// A signed text. It must not be trusted before ``verify(with:)`` has passed.
public struct SignedNote: Sendable, Hashable {
    /// A signature line under the text.
    public struct Signature: Sendable, Hashable {
        /// The name of the key.
        public let name: String
        /// The identifier of the key.
        public let identifier: UInt32
        /// The signature itself.
        public let bytes: Data
    }

    /// The greatest length. A longer note is refused before anything is checked.
    static let mostBytes = 1 << 20
    private static let dash = "\u{2014} "

    /// The text with its last newline.
    public let text: String
    /// The signatures in their order.
    public private(set) var signatures: [Signature]

    /// Signs a text.
    ///
    /// - Parameters:
    ///   - text: The text, which must end with a newline.
    ///   - key: The signing key.
    /// - Throws: Errors of signing.
    init(_ text: String, signedBy key: NoteSigningKey) throws {
        self.text = text
        signatures = []
        try sign(with: key)
    }

    /// Adds a signature. It replaces an earlier one by the same key.
    ///
    /// - Parameters:
    ///   - key: The key of a log or a witness.
    ///   - time: The time that a witness states.
    /// - Throws: Errors of signing.
    mutating func sign(with key: NoteSigningKey, at time: Date = Date()) throws {
        signatures.removeAll(where: key.verifierKey.isNamed(by:))
        signatures.append(
            Signature(
                name: key.verifierKey.name, identifier: key.verifierKey.identifier,
                bytes: try key.signature(of: text, at: time)))
    }

    /// Reads a note.
    ///
    /// - Parameters:
    ///   - data: The note.
    ///   - subject: The name in errors.
    /// - Throws: An `InputError` when the data is not a signed note.
    public init(_ data: Data, subject: String) throws {
        func failure(_ problem: String) -> InputError {
            InputError(subject, "is no signed note: \(problem)", remedy: "fetch it again")
        }
        guard data.count <= Self.mostBytes else { throw failure("more than a mebibyte") }
        guard let note = String(validating: data, as: UTF8.self),
            note.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x0A })
        else { throw failure("not UTF-8, or with control characters") }
        // Bytes, not characters: a combining mark after a newline would hide it.
        let bytes = Data(note.utf8)
        guard let gap = bytes.lastRange(of: Data("\n\n".utf8)), bytes.last == 0x0A,
            gap.upperBound < bytes.endIndex
        else { throw failure("no signatures under an empty line") }
        text = String(decoding: bytes[..<(gap.lowerBound + 1)], as: UTF8.self)
        let lines = bytes[gap.upperBound...].dropLast()
            .split(separator: 0x0A, omittingEmptySubsequences: false)
        signatures = try lines.map { line in
            let line = String(decoding: line, as: UTF8.self)
            let parts = line.dropFirst(Self.dash.count)
                .split(separator: " ", omittingEmptySubsequences: false)
            guard line.hasPrefix(Self.dash), parts.count == 2,
                NoteVerifierKey.isName(String(parts[0])),
                let bytes = Data(canonicalBase64: String(parts[1])), bytes.count > 4
            else { throw failure("a signature that is not \"— name base64\"") }
            return Signature(
                name: String(parts[0]),
                identifier: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
                bytes: bytes.dropFirst(4))
        }
    }

    /// The bytes of the note's file.
    public var data: Data {
        let lines = signatures.map {
            let bytes = $0.identifier.bigEndianBytes + $0.bytes
            return "\(Self.dash)\($0.name) \(bytes.base64EncodedString())\n"
        }
        return Data("\(text)\n\(lines.joined())".utf8)
    }

    /// Checks the signature of one key. Signatures of other keys are ignored.
    ///
    /// - Parameter key: The key that must have signed.
    /// - Throws: A ``VerificationFailure`` when the key did not sign the note.
    public func verify(with key: NoteVerifierKey) throws {
        let own = signatures.filter(key.isNamed(by:))
        func refusal(_ problem: String) -> VerificationFailure {
            VerificationFailure(
                .log, "signed note", problem, remedy: "do not trust what it says")
        }
        guard !own.isEmpty else { throw refusal("has no signature of \(key.name)") }
        guard own.allSatisfy({ key.isValid($0.bytes, of: text) }) else {
            throw refusal("the signature of \(key.name) is false")
        }
    }

    /// Returns when a witness last cosigned the note.
    ///
    /// - Parameter witness: The key of a witness.
    /// - Returns: The time that it states, or nil if the witness did not cosign the note.
    /// - Throws: A ``VerificationFailure`` when a cosignature that names the key is false.
    public func cosigningTime(of witness: NoteVerifierKey) throws -> Date? {
        let own = signatures.filter(witness.isNamed(by:))
        guard !own.isEmpty else { return nil }
        try verify(with: witness)
        return own.compactMap { NoteVerifierKey.time(of: $0.bytes) }.max()
            .map { Date(timeIntervalSince1970: Double($0)) }
    }
}

extension NoteVerifierKey {
    /// Returns whether a signature says that it is the key's.
    fileprivate func isNamed(by signature: SignedNote.Signature) -> Bool {
        signature.name == name && signature.identifier == identifier
    }
}
