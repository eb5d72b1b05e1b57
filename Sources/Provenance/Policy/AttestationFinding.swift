// SPDX-License-Identifier: Apache-2.0
// The result for one line of the attestations' file.

import Foundation
import Records

/// One line of an attestations' file and its result.
public struct AttestationFinding: Codable, Sendable, Hashable {
    /// The result for a line.
    public enum Status: String, Codable, Sendable, Hashable {
        /// It is an audit of these weights that counts.
        case counted
        /// It is verified, but does not count.
        case notCounted = "not-counted"
        /// It is verified, but its signer withdrew it.
        case withdrawn
        /// It is verified, and in the log, but not beside the model.
        case leftOut = "left-out"
        /// It is verified, but its kind is not used by a policy.
        case other
        /// It is not verified.
        case unverified
    }

    /// The line, from 1; 0 for the file as a whole, where it could not be read. For an attestation
    /// that only the log has, the entry's number.
    public var line: Int
    /// Whether it is in the log and not beside the model; nil if it is beside the model.
    public var isLogged: Bool?
    /// The SHA-256 of the signed content, by which it can be revoked.
    public var digest: String?
    /// The predicate type.
    public var predicateType: String?
    /// The signers, by their names in the policy.
    public var signers: [String] = []
    /// The assurance level that it claims.
    public var assuranceLevel: AssuranceLevel?
    /// The result.
    public var status: Status
    /// The content, or why it does not count.
    public var detail = ""
    /// The policy's checks of it.
    public var checks: [VerificationReport.Outcome] = []

    /// The finding about an attestation that is in the log, but not beside the model. It does not
    /// count.
    var leftOut: AttestationFinding {
        var finding = self
        if status != .unverified { finding.status = .leftOut }
        finding.checks = []
        return finding
    }

    /// The finding when no policy is applied.
    var uncounted: AttestationFinding {
        var finding = self
        if status == .counted { finding.status = .other }
        finding.checks = []
        return finding
    }

    /// The line for people.
    var place: String { AttestationLine.place(line, isLogged: isLogged ?? false) }

    /// The finding in one line.
    public var text: String {
        let level = assuranceLevel.map { ", \($0)" } ?? ""
        let who = signers.isEmpty ? "" : "by \(signers.joined(separator: ", "))\(level): "
        let verdict =
            switch status {
            case .counted: "counts: "
            case .notCounted: "does not count: "
            case .leftOut: "is not beside the model: "
            case .withdrawn, .other: ""
            case .unverified: "not verified: "
            }
        return "\(place): \(who)\(verdict)\(detail)"
    }
}

extension AttestationLine {
    /// The line for people.
    var place: String { Self.place(number, isLogged: isLogged) }

    fileprivate static func place(_ number: Int, isLogged: Bool) -> String {
        isLogged ? "log entry \(number)" : number > 0 ? "line \(number)" : "the file"
    }
}

extension TamperResistance {
    /// The subject, the tools and the result of the audit, in one line.
    var summary: String {
        "suite \(suite.name) \(suite.version), battery \(battery.name), "
            + "\(seeds.count) seed\(seeds.count == 1 ? "" : "s"), \(evaluatedAt.formatted(.iso8601)): "
            + outcome
    }

    private var outcome: String {
        if safeguard == .absent { return "the untampered model has no safeguard" }
        guard safeguard == .stands else { return "nothing is known of the untampered model" }
        guard let costToBreak else { return "nothing was measured" }
        let dollars = "$\(brief(costToBreak.typical.dollars.value))"
        if costToBreak.typical.outcome == .broken {
            return "\(costToBreak.adversary) broke it for \(dollars)"
        }
        let broken = adversaries.filter { $0.brokenSeeds > 0 }.map(\.name)
        if !broken.isEmpty { return "broken in some seeds by \(broken.joined(separator: ", "))" }
        let unclear = unclearAdversaries.map(\.unclearText)
        return unclear.isEmpty
            ? "not broken, \(costToBreak.adversary) spent most, \(dollars)"
            : "unclear: \(unclear.joined(separator: ", "))"
    }
}
