// SPDX-License-Identifier: Apache-2.0
// Checks that an attestation follows from the record that it names.

public import Foundation
public import Records

extension VerificationReport {
    /// Checks that a record is one that a signed audit of the verified model names, and that the
    /// audit's whole predicate follows from it. The outcome is added to ``outcomes``.
    ///
    /// Every number of the predicate is derived again. What the auditor added (name, assurance,
    /// validity, further evidence) is taken from the predicate.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - json: The bytes of its file.
    ///   - lines: The attestations found beside the model.
    ///   - parties: The parties whose signatures count.
    ///   - now: The current time.
    public mutating func check(
        record: AuditRecord, json: Data, attestations lines: [AttestationLine],
        by parties: [Party], now: Date = Date()
    ) async {
        guard let model else { return }
        let digest = TamperResistance.Digest(of: json)
        var followed: [Int] = []
        var problem: String?
        for line in lines {
            guard let attestation = try? await line.attestation(by: parties, now: now),
                let statement = try? attestation.statement, statement.isAbout(model, with: adapter),
                let audit = try? TamperResistance(statement, named: line.name),
                audit.isBound(to: model, with: adapter),
                audit.evidence.first?.digest == digest
            else { continue }
            let finding = attestations.first { $0.digest == attestation.digest }
            if finding?.status == .withdrawn {
                problem = problem ?? "line \(line.number) names the record, but was withdrawn"
            } else if policy != nil, finding?.status != .counted {
                problem = problem ?? "line \(line.number) names the record, but does not count"
            } else if let flaw = record.flaw(in: audit, json: json) {
                problem = problem ?? "line \(line.number) does not follow from the record: \(flaw)"
            } else {
                followed.append(line.number)
            }
        }
        let names = followed.map { "line \($0)" }.joined(separator: ", ")
        outcomes.append(
            Outcome(
                "record", isPassed: problem == nil && !followed.isEmpty,
                problem
                    ?? (followed.isEmpty
                        ? "no audit of this model that is trusted names it"
                        : "\(names) follows from it in every number")))
    }
}

extension AuditRecord {
    /// Returns why an audit does not follow from this record; nil if it does.
    fileprivate func flaw(in audit: TamperResistance, json: Data) -> String? {
        if let (place, problem) = contradiction { return "its \(place) \(problem)" }
        let terms = TamperResistance.Terms(
            evaluator: audit.evaluator.id, level: audit.assuranceLevel, validity: audit.validity,
            preRegistration: audit.preRegistration, evidence: Array(audit.evidence.dropFirst()))
        let derived = try? TamperResistance(
            self, json: json, list: audit.modelSignature, adapterList: audit.adapterSignature,
            terms: terms)
        return derived == audit ? nil : "a number or a name differs"
    }
}
