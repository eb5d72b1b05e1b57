// SPDX-License-Identifier: Apache-2.0
// The state of a log at one moment: origin, size and root, in the format of
// c2sp.org/tlog-checkpoint.

public import Foundation
import JSONText

/// A log's size and root.
public struct LogCheckpoint: Sendable, Hashable {
    /// The origin, which identifies the log.
    public let origin: String
    /// The number of entries.
    public let size: Int
    /// The root of the tree over the entries.
    public let root: TreeHash

    init(origin: String, size: Int, root: TreeHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads the text of a signed note.
    ///
    /// - Parameters:
    ///   - note: The note. Its signature is not checked.
    ///   - subject: The name in errors.
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

    /// Reads a checkpoint that a key signed.
    ///
    /// - Parameters:
    ///   - data: The signed note.
    ///   - key: The log's key.
    ///   - name: The origin that the checkpoint must have; nil for the key's name.
    ///   - subject: The note's name in errors.
    /// - Throws: An `InputError` when the data is not a checkpoint, a ``VerificationFailure`` when
    ///   the key did not sign it.
    public init(
        _ data: Data, signedBy key: NoteVerifierKey, origin name: String? = nil, subject: String
    ) throws {
        let note = try SignedNote(data, subject: subject)
        try note.verify(with: key)
        try self.init(note, subject: subject)
        guard origin == name ?? key.name else {
            throw VerificationFailure(
                .log, subject, "is of the log \(origin), not of \(name ?? key.name)",
                remedy: "do not trust what it says")
        }
    }
}
