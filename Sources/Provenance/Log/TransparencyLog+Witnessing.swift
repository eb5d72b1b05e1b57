// SPDX-License-Identifier: Apache-2.0
// A witness's cosignature under a log's checkpoint (c2sp.org/tlog-cosignature).

public import Foundation
import JSONText

extension TransparencyLog {
    /// Puts a witness's cosignature under the checkpoint of a log that only grew since the witness
    /// saw it last.
    ///
    /// What was seen is written before the cosignature: a witness that is interrupted never
    /// cosigns two histories.
    ///
    /// - Parameters:
    ///   - directory: The log.
    ///   - key: The log's key.
    ///   - witness: The witness's key.
    ///   - seen: The file in which the witness keeps the last checkpoint that it saw. If it does not
    ///     exist, the witness sees the log for the first time.
    ///   - time: The current time.
    /// - Returns: The log with the cosignature.
    /// - Throws: An `InputError` when a file cannot be read or written; a ``VerificationFailure`` when
    ///   the log is damaged, belongs to another key or did not only grow.
    @discardableResult
    public static func cosign(
        _ directory: URL, signedBy key: NoteVerifierKey, by witness: NoteSigningKey, seen: URL,
        at time: Date = Date()
    ) throws -> TransparencyLog {
        let files = try TransparencyLog(at: directory).files
        return try files.withLock {
            let log = try TransparencyLog(at: directory, signedBy: key)
            _ = try log.checkedTree()
            let path = seen.path(percentEncoded: false)
            if FileManager.default.fileExists(atPath: path) {
                let data = try LogFiles.readNote(seen)
                try log.verifyGrowth(
                    since: LogCheckpoint(data, signedBy: key, subject: path))
            }
            var note = try SignedNote(log.signedCheckpoint, subject: "checkpoint")
            try files.write(note.data, to: seen)
            try note.sign(with: witness, at: time)
            try files.write(note.data, to: files.checkpoint)
            return try TransparencyLog(at: directory, signedBy: key)
        }
    }
}
