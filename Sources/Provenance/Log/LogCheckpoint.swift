// SPDX-License-Identifier: Apache-2.0
// The state of a log at one moment, as c2sp.org/tlog-checkpoint has it: origin, size, root.

public import Foundation
import JSONText

/// A log's size and root.
public struct LogCheckpoint: Sendable, Hashable {
    /// Which log.
    public let origin: String
    /// How many entries it had.
    public let size: Int
    /// The root of the tree over them.
    public let root: TreeHash

    init(origin: String, size: Int, root: TreeHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads the text of a signed note.
    ///
    /// - Parameters:
    ///   - note: The note; its signature is not looked at.
    ///   - subject: What it is called in errors.
    /// - Throws: An `InputError` when the text is not a checkpoint.
    public init(_ note: SignedNote, subject: String) throws {
        let lines = note.text.utf8.dropLast()
            .split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard lines.count >= 3, lines.allSatisfy({ !$0.isEmpty }), let size = Int(lines[1]),
            size >= 0, String(size) == lines[1], let bytes = Data(canonicalBase64: lines[2]),
            let root = TreeHash(bytes)
        else {
            throw InputError(
                subject, "is no checkpoint: origin, size and root are expected, a line each",
                remedy: "fetch it again")
        }
        self.init(origin: lines[0], size: size, root: root)
    }

    /// The text that is signed.
    var text: String { "\(origin)\n\(size)\n\(root)\n" }

    /// A signed checkpoint that a key vouches for.
    ///
    /// - Parameters:
    ///   - data: The signed note.
    ///   - key: The log's key; its name is the origin that the checkpoint must have.
    ///   - subject: What the note is called in errors.
    /// - Throws: An `InputError` when it is not a checkpoint, a ``VerificationFailure`` when the
    ///   key did not sign it.
    public init(_ data: Data, signedBy key: NoteVerifierKey, subject: String) throws {
        let note = try SignedNote(data, subject: subject)
        try note.verify(with: key)
        try self.init(note, subject: subject)
        guard origin == key.name else {
            throw VerificationFailure(
                .log, subject, "is of the log \(origin), not of \(key.name)",
                remedy: "do not trust what it says")
        }
    }
}
