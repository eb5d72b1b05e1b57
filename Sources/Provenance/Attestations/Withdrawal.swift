// SPDX-License-Identifier: Apache-2.0
// The signed predicate by which an auditor withdraws attestations of their own.

public import Foundation
import JSONText
import Records

/// A signer's statement that attestations of theirs count no longer.
///
/// The statement's subject is that of the attestations: the weights. An attestation is named by the
/// digest of its envelope's payload, which is the same however the envelope is encoded or signed
/// again. `Documentation/Attestation.md` describes every field.
public struct Withdrawal: Codable, Sendable, Hashable {
    /// The predicate type. It names no domain, because the project has none.
    public static let predicateType = "temper:withdrawal/v1"
    /// The most bytes of a reason.
    private static let longestReason = 1_000
    /// The most attestations that one statement withdraws.
    private static let mostAttestations = 1_000

    /// The digests of the payloads of the withdrawn attestations.
    public var attestations: [TamperResistance.Digest]
    /// Why they are withdrawn.
    public var reason: String
    /// When the signer withdrew them, for information only: a withdrawal counts whatever its date.
    public var withdrawnAt: Date

    /// Withdraws attestations.
    ///
    /// - Parameters:
    ///   - attestations: The SHA-256 of the payload of each.
    ///   - reason: Why they are withdrawn.
    ///   - date: The current time.
    /// - Throws: An `InputError` when the reason is empty or too long.
    public init(_ attestations: [String], reason: String, at date: Date) throws {
        self.attestations = attestations.map { TamperResistance.Digest(sha256: $0) }
        self.reason = reason
        withdrawnAt = date
        if let (place, problem) = flaw {
            throw InputError("the \(place)", problem, remedy: "say in a line why it is withdrawn")
        }
    }

    /// Reads the predicate of a statement. Unknown fields are ignored, as in-toto asks.
    ///
    /// - Parameters:
    ///   - statement: A statement of this type whose signature was verified.
    ///   - name: The name in errors.
    /// - Throws: An `InputError` that names the place when it is damaged.
    public init(_ statement: Statement, named name: String) throws {
        let remedy = "ask its signer for another"
        do {
            self = try RecordJSON.decoder().decode(Self.self, from: statement.predicate)
        } catch let error as DecodingError {
            throw InputError(
                name,
                "the predicate's \(error.place.isEmpty ? "JSON" : error.place) \(error.problem)",
                remedy: remedy)
        }
        if let (place, problem) = flaw {
            throw InputError(name, "the predicate's \(place) \(problem)", remedy: remedy)
        }
    }

    private var flaw: (place: String, problem: String)? {
        guard (1...Self.mostAttestations).contains(attestations.count),
            attestations.allSatisfy(\.sha256.isSHA256)
        else {
            return (
                "attestations",
                "are not 1 to \(Self.mostAttestations) SHA-256 in 64 lowercase hexadecimal digits"
            )
        }
        guard (1...Self.longestReason).contains(reason.utf8.count) else {
            return ("reason", "is empty or longer than \(Self.longestReason) bytes")
        }
        return nil
    }

    /// Returns the line of an attestations' file that withdraws the attestations.
    ///
    /// - Parameters:
    ///   - subjects: The subjects of the attestations: a model, and the adapter on it.
    ///   - signatory: Their signer.
    /// - Returns: The line, without a line feed.
    /// - Throws: Errors of signing.
    public func line(about subjects: [Statement.Subject], by signatory: Signatory) throws -> Data {
        try signatory.line(
            Statement(
                subjects: subjects, predicateType: Self.predicateType,
                predicate: try canonicalJSON(self)))
    }
}
