// SPDX-License-Identifier: Apache-2.0
// A suite that a program makes, without files.

internal import Crypto
internal import Foundation
internal import JSONText
public import Records

extension Suite {
    /// Makes a suite for refusals in memory.
    ///
    /// The items are checked like those of files. The digest covers all of them.
    ///
    /// - Parameters:
    ///   - name: The suite's name.
    ///   - version: The suite's version.
    ///   - thresholds: When the safeguard counts as broken.
    ///   - refusalMarkers: Phrases by which an answer is recognised as a refusal.
    ///   - systemPrompts: System prompts for override attacks.
    ///   - restricted: Prompts that the safeguard must decline.
    ///   - benign: Everyday prompts that it must not affect.
    ///   - lookalike: Benign prompts that resemble restricted ones.
    ///   - refusals: Texts that decline.
    ///   - capability: Multiple-choice items.
    ///   - retain: Plain prose.
    ///   - tax: More multiple-choice items, for the safety tax alone; none by default.
    /// - Throws: `InputError` that names the part and the item.
    public init(
        name: String, version: String, thresholds: Thresholds, refusalMarkers: [String],
        systemPrompts: [String], restricted: Splits<RestrictedPrompt>,
        benign: Splits<BenignPrompt>, lookalike: Splits<BenignPrompt>, refusals: [Refusal],
        capability: [CapabilityItem], retain: [RetainText], tax: [CapabilityItem] = []
    ) throws {
        manifest = Manifest(
            name: name, version: version, thresholds: thresholds,
            refusalMarkers: refusalMarkers.map { $0.lowercased() }, systemPrompts: systemPrompts)
        func failure(_ part: String, _ problem: String, _ remedy: String) -> InputError {
            InputError("suite \(name), \(part)", problem, remedy: remedy)
        }
        try manifest.check { failure("manifest", $0, $1) }
        func check(_ items: [some SuiteItem], _ part: String) throws {
            if items.isEmpty { throw failure(part, "is empty", "give at least one item") }
            var owners: [String: String] = [:]
            for (index, item) in items.enumerated() {
                if let problem = item.problem {
                    throw failure("\(part) \(item.id)", problem.text, problem.remedy)
                }
                if items[..<index].contains(where: { $0.id == item.id }) {
                    throw failure(
                        part, "the id \"\(item.id)\" stands twice", "give each item its own id")
                }
                if let text = item.uniqueText,
                    let owner = owners.updateValue(item.id, forKey: text)
                {
                    throw failure(
                        "\(part) \(item.id)",
                        "the same prompt is that of \(owner), and would count twice", "remove one")
                }
            }
        }
        for split in SuiteSplit.allCases {
            try check(restricted[split], "restricted \(split)")
            try check(benign[split], "benign \(split)")
            try check(lookalike[split], "lookalike \(split)")
        }
        try check(refusals, "refusals")
        try check(capability, "capability")
        try check(retain, "retain")
        if !tax.isEmpty { try check(tax, "tax") }
        (self.restricted, self.benign, self.lookalike) = (restricted, benign, lookalike)
        (self.refusals, self.capability, self.retain) = (refusals, capability, retain)
        self.tax = tax
        knowledge = nil
        digest =
            SHA256.hash(
                data: try canonicalJSON(
                    Content(
                        name: name, version: version, thresholds: thresholds,
                        refusalMarkers: manifest.refusalMarkers, systemPrompts: systemPrompts,
                        restricted: SuiteSplit.allCases.map { restricted[$0] },
                        benign: SuiteSplit.allCases.map { benign[$0] },
                        lookalike: SuiteSplit.allCases.map { lookalike[$0] }, refusals: refusals,
                        capability: capability, retain: retain, tax: tax.isEmpty ? nil : tax))
            ).hexadecimal
    }

    /// The content of the digest.
    private struct Content: Encodable {
        let name: String
        let version: String
        let thresholds: Thresholds
        let refusalMarkers: [String]
        let systemPrompts: [String]
        let restricted: [[RestrictedPrompt]]
        let benign: [[BenignPrompt]]
        let lookalike: [[BenignPrompt]]
        let refusals: [Refusal]
        let capability: [CapabilityItem]
        let retain: [RetainText]
        let tax: [CapabilityItem]?
    }
}

extension Suite.Manifest {
    /// Makes the manifest of a suite in memory.
    init(
        name: String, version: String, thresholds: Thresholds, refusalMarkers: [String],
        systemPrompts: [String]
    ) {
        schemaVersion = Self.readableSchemaVersion
        self.name = name
        self.version = version
        safeguard = .refusal
        files = [:]
        self.thresholds = thresholds
        knowledge = nil
        self.refusalMarkers = refusalMarkers
        self.systemPrompts = systemPrompts
        (base, data, limits) = (nil, nil, nil)
    }
}
