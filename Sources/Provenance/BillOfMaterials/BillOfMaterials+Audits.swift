// SPDX-License-Identifier: Apache-2.0
// Audits in a bill of materials: auditors as assessors, results as claims, and the signed statements
// themselves as evidence.

import Foundation
import JSONText
import Records

extension BillOfMaterials {
    /// The audits as CycloneDX declarations.
    var declarations: JSON {
        let entries = audits.enumerated().map {
            AuditEntry(number: $0.offset + 1, audit: $0.element)
        }
        return object([
            "assessors": .array(entries.map(\.assessor)),
            "attestations": .array(entries.map(\.attestation)),
            "claims": .array(entries.flatMap(\.claims)),
            "evidence": .array(entries.map(\.evidence)),
        ])
    }

    /// The measures of the untampered model that the audits state, and what its safeguard costs.
    var performanceMetrics: [JSON] {
        audits.enumerated().flatMap { index, audit in
            let place = "suite \(audit.content.suite.name), audit \(index + 1)"
            let measures = audit.content.utility.untampered.map {
                metric(
                    "\($0.metric) (\($0.unit))", $0.value, $0.interval,
                    "untampered, \($0.split) prompts, \(place)")
            }
            let tax = audit.content.safetyTax.map {
                metric("safety tax (\($0.metric))", $0.loss, $0.interval, place)
            }
            return measures + [tax].compactMap(\.self)
        }
    }

    private func metric(
        _ type: String, _ value: DecimalText, _ interval: TamperResistance.Bounds?, _ slice: String
    ) -> JSON {
        object([
            "type": .string(type.onOneLine()),
            "value": .string(value.description),
            "slice": .string(slice.onOneLine()),
            "confidenceInterval": interval.map {
                object([
                    "lowerBound": .string($0.lower.description),
                    "upperBound": .string($0.upper.description),
                ])
            },
        ])
    }
}

/// The longest text that is made of an audit's parts.
private let longestText = 4_000

/// One audit among the declarations.
private struct AuditEntry {
    let number: Int
    let audit: CountedAudit

    private var assessorReference: JSON { .string("assessor-\(number)") }
    private var evidenceReference: JSON { .string("evidence-\(number)") }
    private func claimReference(_ index: Int) -> JSON { .string("claim-\(number)-\(index + 1)") }

    private var signer: String { audit.signers.joined(separator: ", ").onOneLine() }

    var assessor: JSON {
        object([
            "bom-ref": assessorReference,
            // The signer of the weights is no third party, even if the audit says so.
            "thirdParty": .boolean(
                audit.isIndependent && audit.content.assuranceLevel != .selfAttested),
            "organization": object(["name": .string(signer)]),
        ])
    }

    var attestation: JSON {
        let unclear = audit.content.unclearAdversaries.map(\.unclearText)
        func references(passed: Bool) -> JSON? {
            let chosen = audit.content.claims.enumerated().filter { $0.element.passed == passed }
            return chosen.isEmpty ? nil : .array(chosen.map { claimReference($0.offset) })
        }
        return object([
            "summary": .string(
                "\(audit.content.assuranceLevel): \(audit.content.summary)".onOneLine(
                    length: longestText)),
            "assessor": assessorReference,
            "map": .array([
                object([
                    "claims": references(passed: true),
                    "counterClaims": references(passed: false),
                    "confidence": unclear.isEmpty
                        ? nil
                        : object([
                            "rationale": .string(
                                "unclear: \(unclear.joined(separator: ", "))".onOneLine(
                                    length: longestText))
                        ]),
                ])
            ]),
        ])
    }

    /// What the audit found: that the safeguard held, or that it did not.
    var claims: [JSON] {
        audit.content.claims.enumerated().map { index, claim in
            object([
                "bom-ref": claimReference(index),
                "target": .string(BillOfMaterials.modelReference),
                "predicate": .string(claim.text.onOneLine()),
                "reasoning": reasoning(of: claim).map { .string($0.onOneLine()) },
                "evidence": .array([evidenceReference]),
            ])
        }
    }

    private func reasoning(of claim: TamperResistance.Claim) -> String? {
        guard
            let cost = audit.content.adversaries.first(where: { $0.name == claim.under })?
                .costToBreak?.least
        else { return nil }
        return (cost.outcome == .broken ? "broken at the least for " : "not broken within ")
            + "\(cost.examples) examples, \(cost.steps) steps, "
            + "\(cost.floatingPointOperations) floating point operations, \(cost.dollars) US dollars"
    }

    /// The signed statement itself, so that the bill alone is enough to verify it.
    var evidence: JSON {
        let further = audit.content.evidence.map { "\($0.name) sha256:\($0.digest.sha256)" }
        return object([
            "bom-ref": evidenceReference,
            "propertyName": "temper:audit",
            "description": .string(
                ("An in-toto statement in DSSE, \(TamperResistance.predicateType), of the payload "
                    + "sha256:\(audit.digest). It can be checked with: "
                    + further.joined(separator: ", ")).onOneLine(length: longestText)),
            "data": audit.line.signed.map { type, content in
                .array([
                    object([
                        "name": "attestation",
                        "contents": object([
                            "attachment": object([
                                "contentType": .string(type), "encoding": "base64",
                                "content": .string(content.base64EncodedString()),
                            ])
                        ]),
                    ])
                ])
            },
            "created": .string(audit.content.evaluatedAt.formatted(.iso8601)),
            "expires": .string(audit.content.validity.expires.formatted(.iso8601)),
            "author": object(["name": .string(signer)]),
        ])
    }
}

extension TamperResistance.Claim {
    /// The finding as a sentence that is true: of a claim that did not pass, the opposite.
    fileprivate var text: String {
        let opposites = [">=": "<", "<=": ">", ">": "<=", "<": ">="]
        let found = passed ? comparator : opposites[comparator] ?? "not \(comparator)"
        let condition = under == TamperResistance.untamperedName ? under : "under \(under)"
        return "\(condition): \(metric) \(found) \(threshold)"
    }
}

extension AttestationLine {
    /// The media type and the bytes of the signed content; nil of a damaged line.
    fileprivate var signed: (type: String, json: Data)? {
        switch content {
        case .envelope(let envelope): ("application/vnd.dsse.envelope.v1+json", envelope.json)
        case .bundle(let bundle): (SignatureBundle.mediaType, bundle.json)
        case .proof, .damaged: nil
        }
    }
}
