// SPDX-License-Identifier: Apache-2.0
// A proof in a file that can be checked without the log, in the format of c2sp.org/tlog-proof.

public import Foundation
import JSONText

/// A proof that an entry is in a log.
public struct LogProof: Sendable, Hashable {
    private static let header = "c2sp.org/tlog-proof@v1"
    private static let mostHashes = 63

    /// The entry's number.
    public let index: Int
    /// The sibling hashes on the path to the root.
    public let hashes: [TreeHash]
    /// The signed checkpoint.
    public let signedCheckpoint: Data

    init(index: Int, hashes: [TreeHash], signedCheckpoint: Data) {
        self.index = index
        self.hashes = hashes
        self.signedCheckpoint = signedCheckpoint
    }

    /// Reads a proof.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - subject: The name in errors.
    /// - Throws: An `InputError` when the data is not a proof.
    public init(_ data: Data, subject: String) throws {
        func failure(_ problem: String) -> InputError {
            InputError(
                subject, "is no \(Self.header): \(problem)", remedy: "fetch it again")
        }
        let bytes = Data(data)
        guard let gap = bytes.firstRange(of: Data("\n\n".utf8)) else {
            throw failure("no empty line before the checkpoint")
        }
        var lines = bytes[..<gap.lowerBound]
            .split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        guard lines.popFirst() == Self.header else { throw failure("another first line") }
        if lines.first?.hasPrefix("extra ") == true { lines.removeFirst() }
        guard let place = lines.popFirst(), place.hasPrefix("index "),
            let index = Int(place.dropFirst(6)), index >= 0, place == "index \(index)"
        else { throw failure("no index") }
        guard lines.count <= Self.mostHashes else { throw failure("too many hashes") }
        hashes = try lines.map { line in
            guard let bytes = Data(canonicalBase64: line), let hash = TreeHash(bytes)
            else { throw failure("a line that is no hash") }
            return hash
        }
        self.index = index
        signedCheckpoint = Data(bytes[gap.upperBound...])
    }

    /// The bytes of the proof's file.
    public var data: Data {
        let lines = ([Self.header, "index \(index)"] + hashes.map(\.description))
            .map { "\($0)\n" }.joined()
        return Data("\(lines)\n".utf8) + signedCheckpoint
    }

    /// Checks that the log of a key holds an entry.
    ///
    /// - Parameters:
    ///   - entry: The entry's bytes.
    ///   - key: The log's key.
    ///   - subject: The proof's name in errors.
    /// - Returns: The checkpoint for which the proof holds.
    /// - Throws: An `InputError` when the proof holds no checkpoint, a ``VerificationFailure`` when
    ///   it is not for this entry or this log.
    @discardableResult
    public func verify(
        _ entry: some DataProtocol, with key: NoteVerifierKey, subject: String
    ) throws -> LogCheckpoint {
        let checkpoint = try LogCheckpoint(signedCheckpoint, signedBy: key, subject: subject)
        try verify(entry, in: checkpoint, subject: subject)
        return checkpoint
    }

    /// Checks that an entry is in the tree of a checkpoint, whose signature was checked.
    func verify(
        _ entry: some DataProtocol, in checkpoint: LogCheckpoint, subject: String
    ) throws {
        guard
            MerkleTree.isIncluded(
                hashes, leaf: .leaf(entry), at: index, size: checkpoint.size,
                root: checkpoint.root)
        else {
            throw VerificationFailure(
                .log, subject, "does not show that this is entry \(index) of \(checkpoint.origin)",
                remedy: "the proof is of another entry, or was changed")
        }
    }
}
