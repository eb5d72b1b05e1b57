// SPDX-License-Identifier: Apache-2.0
// What a policy asks of a transparency log: its key, witnesses, and a recent checkpoint.

import Foundation

extension Policy {
    /// The log that attestations must be in.
    public struct Log: Sendable, Hashable {
        /// How far a witness's clock may be ahead of this machine's, in seconds.
        private static let clockError = 600.0

        /// The origin that the log's checkpoints must have.
        public var origin: String
        /// The log's key.
        public var key: NoteVerifierKey
        /// The keys of the witnesses whose cosignatures count.
        public var witnesses: [NoteVerifierKey] = []
        /// How many of them must have cosigned a checkpoint.
        public var minimumWitnesses = 0
        /// The greatest age of a checkpoint, by the cosignatures that are needed.
        public var maximumAge: Period?
        /// Whether every attestation in the log that is of the weights must lie beside the model.
        public var isComplete = false

        /// Names a log.
        ///
        /// - Parameters:
        ///   - key: The log's key.
        ///   - origin: The origin of its checkpoints; nil for the key's name.
        public init(key: NoteVerifierKey, origin: String? = nil) {
            self.key = key
            self.origin = origin ?? key.name
        }

        /// Checks who signed a checkpoint, and when.
        ///
        /// - Parameters:
        ///   - note: The signed checkpoint.
        ///   - subject: Its name in errors.
        ///   - now: The current time.
        /// - Returns: The checkpoint, and what is known of it in words.
        /// - Throws: An `InputError` when it is no checkpoint; a ``VerificationFailure`` when it is
        ///   not the log's, too few witnesses cosigned it or it is too old.
        func checkpoint(
            _ note: Data, subject: String, now: Date
        ) throws -> (checkpoint: LogCheckpoint, detail: String) {
            let checkpoint = try LogCheckpoint(
                note, signedBy: key, origin: origin, subject: subject)
            let signed = try SignedNote(note, subject: subject)
            func refusal(_ problem: String, _ remedy: String) -> VerificationFailure {
                VerificationFailure(.log, subject, problem, remedy: remedy)
            }
            let times = try witnesses.compactMap { try signed.cosigningTime(of: $0) }
                .filter { $0 <= now + Self.clockError }.sorted(by: >)
            guard times.count >= minimumWitnesses else {
                throw refusal(
                    "the checkpoint has the cosignatures of \(times.count) of the policy's "
                        + "witnesses, at least \(minimumWitnesses) needed",
                    "get a checkpoint that more witnesses have cosigned")
            }
            var detail = "\(origin), \(checkpoint.size) entries"
            // A single witness can state any time: so many as are needed must vouch for it.
            guard minimumWitnesses > 0 else { return (checkpoint, detail) }
            let time = times[minimumWitnesses - 1]
            detail +=
                ", \(times.count) witness\(times.count == 1 ? "" : "es"), "
                + time.formatted(.iso8601)
            if let maximumAge, now.timeIntervalSince(time) > maximumAge.seconds {
                throw refusal(
                    "the checkpoint is \(daysOrHours(now.timeIntervalSince(time))) old, at most "
                        + "\(maximumAge) allowed", "get a newer one from the log")
            }
            return (checkpoint, detail)
        }
    }
}

extension Policy.Log {
    /// Reads the section of a policy's file.
    init(_ value: PolicyValue) throws {
        let fields = try value.fields([
            "origin", "key", "witnesses", "minimumWitnesses", "maximumAge", "complete",
        ])
        self.init(
            key: try fields.required("key").noteKey(.log), origin: try fields["origin"]?.text())
        for value in try fields["witnesses"]?.elements() ?? [] {
            let witness = try value.noteKey(.witness)
            guard !([key] + witnesses).contains(where: { $0.bytes == witness.bytes }) else {
                throw value.error(
                    "is a key that stands here already: it would count twice",
                    remedy: "give each witness's own key")
            }
            witnesses.append(witness)
        }
        if let least = fields["minimumWitnesses"] {
            minimumWitnesses = try least.whole(in: 1...100)
            guard minimumWitnesses <= witnesses.count else {
                throw least.error(
                    "is \(minimumWitnesses), but \(witnesses.count) can be met",
                    remedy: "name more witnesses, or ask for fewer")
            }
        } else if !witnesses.isEmpty {
            _ = try fields.required("minimumWitnesses")
        }
        if let age = fields["maximumAge"] {
            maximumAge = try age.period()
            guard minimumWitnesses > 0 else {
                throw age.error(
                    "needs witnesses: a log's own signature states no time",
                    remedy: "name \"witnesses:\" and \"minimumWitnesses:\"")
            }
        }
        isComplete = try fields["complete"]?.word([("true", true), ("false", false)]) ?? false
    }
}

extension PolicyValue {
    /// Returns a key of signed notes.
    fileprivate func noteKey(_ kind: NoteKeyKind) throws -> NoteVerifierKey {
        let text = try text()
        return try reading { try NoteVerifierKey(text, kind: kind) }
    }
}
