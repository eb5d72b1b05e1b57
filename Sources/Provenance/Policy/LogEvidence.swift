// SPDX-License-Identifier: Apache-2.0
// What a log shows about the attestations of a model: by proofs beside them, and by a copy of the log.

import Foundation
import JSONText

/// Where attestations are in a log, and which of the log's are not beside the model.
struct LogEvidence {
    /// The most proofs that are checked for one attestation.
    private static let mostProofs = 8

    /// The attestations in the copy of the log that are of the weights.
    private(set) var entries: [AttestationLine] = []
    /// Where the log has an attestation, by its digest.
    private var places: [String: String] = [:]
    /// Why a proof beside an attestation does not hold.
    private var flaws: [String: String] = [:]
    /// What is known of the copy of the log; nil without a copy.
    private var copy: Result<String, any Error>?
    private let demand: Policy.Log?

    init() { demand = nil }

    /// Reads the copy of a log, and checks proofs.
    ///
    /// - Parameters:
    ///   - log: The copy of the log, if there is one.
    ///   - proofs: The proofs beside the attestations.
    ///   - lines: The attestations beside the model.
    ///   - demand: What the policy asks of the log.
    ///   - now: The current time.
    ///   - isAbout: Whether a statement is about the model, and the adapter on it.
    init(
        _ log: TransparencyLog?, proofs: [AttachedProof], of lines: [SignedLine],
        demand: Policy.Log?, now: Date, isAbout: (Statement) -> Bool
    ) {
        self.demand = demand
        var earlier: Set<LogCheckpoint> = []
        if let demand {
            let byDigest = Dictionary(grouping: proofs, by: \.attestation)
            for line in lines {
                guard let digest = line.verified?.digest else { continue }
                for proof in (byDigest[digest] ?? []).prefix(Self.mostProofs)
                where places[digest] == nil {
                    do {
                        let (checkpoint, detail) = try demand.checkpoint(
                            proof.proof.signedCheckpoint, subject: line.line.place, now: now)
                        try proof.proof.verify(
                            line.line.data, in: checkpoint, subject: line.line.place)
                        places[digest] = "entry \(proof.proof.index) of \(detail)"
                        earlier.insert(checkpoint)
                    } catch {
                        flaws[digest] = Self.problem(of: error)
                    }
                }
            }
        }
        guard let log else { return }
        copy = Result {
            let subject = log.files.checkpoint.path(percentEncoded: false)
            let checkpoint = log.checkpoint
            var detail = "\(checkpoint.origin), \(checkpoint.size) entries"
            if let demand {
                detail = try demand.checkpoint(log.signedCheckpoint, subject: subject, now: now)
                    .detail
                // Two histories of one log, or a copy that is older than a proof.
                for proven in earlier { try log.verifyGrowth(since: proven) }
            }
            entries = try log.attestations(where: isAbout)
            // Of an attestation beside the model, the line that was signed must be in the log: anybody
            // can log its payload with a false signature. Others are verified after this.
            let beside = lines.filter { $0.verified != nil }
            let (digests, signed) = (
                Set(beside.compactMap(\.verified?.digest)), Set(beside.map(\.line.data))
            )
            for entry in entries {
                guard let digest = entry.payloadDigest, places[digest] == nil,
                    signed.contains(entry.data) || !digests.contains(digest)
                else { continue }
                places[digest] = "entry \(entry.number) of \(detail)"
            }
            return detail
        }
        if case .failure = copy { entries = [] }
    }

    /// Returns whether the log has an attestation.
    func outcome(for digest: String, in demand: Policy.Log) -> VerificationReport.Outcome {
        .init(
            "log", isPassed: places[digest] != nil,
            places[digest] ?? flaws[digest]
                ?? "no proof that it is in the log \(demand.origin)")
    }

    /// Returns whether the copy of the log holds, and nothing that must be beside the model is
    /// missing there.
    ///
    /// - Parameter missing: The attestations by trusted signers that are in the log, but not beside
    ///   the model.
    /// - Returns: The outcome, or nil if nobody asked.
    func outcome(missing: [AttestationFinding]) -> VerificationReport.Outcome? {
        let isComplete = demand?.isComplete ?? false
        switch copy {
        case nil:
            guard isComplete, let demand else { return nil }
            return .init(
                "log", isPassed: false,
                "without a copy of the log \(demand.origin) nobody can see what was left out: give "
                    + "one with --log")
        case .failure(let error):
            return .init("log", isPassed: false, Self.problem(of: error))
        case .success(let detail):
            let places = missing.map(\.place).joined(separator: ", ")
            return .init(
                "log", isPassed: missing.isEmpty || !isComplete,
                missing.isEmpty
                    ? "\(detail): all that is of these weights is beside the model"
                    : "\(detail): not beside the model: \(places)")
        }
    }

    private static func problem(of error: any Error) -> String {
        (error as? VerificationFailure).map { "\($0.problem); \($0.remedy)" } ?? "\(error)"
    }
}
