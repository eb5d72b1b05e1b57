// SPDX-License-Identifier: Apache-2.0
// A witness's cosignature under a log's checkpoint (c2sp.org/tlog-cosignature).

import Checkpoints
public import Foundation
import JSONText

extension TransparencyLog {
    /// Puts a witness's cosignature under the checkpoint of a log that only grew since the witness
    /// saw it last.
    ///
    /// What was seen is written before the cosignature, and by one process at a time: a witness that
    /// is interrupted, or runs twice, never cosigns two histories.
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
        return try FileLock.withLock(on: seen.appendingPathExtension("lock")) {
            try files.withLock {
                let log = try TransparencyLog(at: directory, signedBy: key)
                _ = try log.checkedTree()
                if try isThere(seen) {
                    let checkpoint = try LogCheckpoint(
                        LogFiles.readNote(seen), signedBy: key,
                        subject: seen.path(percentEncoded: false))
                    try log.verifyGrowth(since: checkpoint)
                }
                var note = try SignedNote(log.signedCheckpoint, subject: "checkpoint")
                try files.write(note.data, to: seen)
                try note.sign(with: witness, at: time)
                try files.write(note.data, to: files.checkpoint)
                return try TransparencyLog(at: directory, signedBy: key)
            }
        }
    }

    /// Returns whether a file exists. One that cannot be looked at is an error: it may hold a
    /// checkpoint.
    private static func isThere(_ file: URL) throws -> Bool {
        let path = file.path(percentEncoded: false)
        do {
            _ = try FileManager.default.attributesOfItem(atPath: path)
            return true
        } catch let error as CocoaError
            where [.fileReadNoSuchFile, .fileNoSuchFile].contains(error.code)
        {
            return false
        } catch {
            throw InputError(
                path, "cannot be looked at: \(error.localizedDescription)",
                remedy: "check that you may read it and its directory")
        }
    }
}
