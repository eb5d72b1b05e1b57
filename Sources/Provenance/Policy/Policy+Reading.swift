// SPDX-License-Identifier: Apache-2.0
// Reads a policy's file. Unknown content is refused before anything is hashed.

import Checkpoints
public import Foundation
import Records
import Suites

extension Policy {
    /// Reads a policy. The paths of keys and certificates are relative to its directory.
    ///
    /// - Parameter file: A YAML file.
    /// - Throws: An `InputError` with file, line and remedy.
    public init(contentsOf file: URL) throws {
        let data = try SmallFile.read(
            file, atMost: PolicyValue.longest,
            remedy: "give a policy as Documentation/Attestation.md describes it")
        try self.init(
            yaml: data, file: file.path(percentEncoded: false),
            directory: file.deletingLastPathComponent())
    }

    /// Reads a policy.
    ///
    /// - Parameters:
    ///   - yaml: The policy's text.
    ///   - file: The name in errors.
    ///   - directory: The directory to which the paths of keys and certificates are relative.
    /// - Throws: An `InputError` with file, line and remedy.
    public init(yaml: Data, file: String, directory: URL) throws {
        let root = try PolicyValue(yaml: yaml, file: file)
        let fields = try root.fields([
            "version", "name", "signers", "auditors", "suite", "battery", "decidedBy",
            "evaluation", "minimumCost", "prices", "maximumSafetyTax", "original", "minimumSeeds",
            "minimumTrials", "maximumAge", "minimumAssurance", "minimumIndependentAuditors",
            "log", "unverified", "revocations", "timestampRoots", "revocationLists",
        ])
        _ = try fields.required("version").whole(in: 1...1)
        name = try fields.required("name").text()
        signers = try [Party](fields.required("signers"), directory: directory)
        auditors = try fields["auditors"].map { try [Party]($0, directory: directory) } ?? []
        if let value = fields["suite"] {
            let found = try Requirement(value, besides: ["thresholds"]) {
                KnownSuite.shipped(named: $0)?.identity.digest
            }
            suite = found
            thresholds =
                try value.fields(["name", "digest", "thresholds"])["thresholds"]
                .map(Thresholds.init) ?? KnownSuite.shipped(digest: found.digest)?.thresholds
        }
        battery = try fields["battery"].map {
            try Requirement($0) { BatteryFile.shippedDigests[$0] }
        }
        decidedBy = try fields["decidedBy"].map {
            try Requirement($0) { $0 == DecidingJudge.text.name ? DecidingJudge.text.digest : nil }
        }
        evaluation = try fields["evaluation"].map(Measuring.init) ?? Measuring()
        minimumTrials = try fields["minimumTrials"]?.whole(in: 1...1_000_000)
        prices = try fields["prices"].map(Prices.init) ?? Prices()
        original = try fields["original"]?.digest()
        minimumCosts = try fields["minimumCost"]?.elements().flatMap([MinimumCost].init) ?? []
        maximumSafetyTax = try fields["maximumSafetyTax"]?.number(in: 0...1)
        minimumSeeds = try fields["minimumSeeds"]?.whole(in: 1...1_000)
        maximumAge = try fields["maximumAge"]?.period()
        minimumAssurance = try fields["minimumAssurance"]?
            .word(AssuranceLevel.allCases.map { ($0.description, $0) })
        minimumIndependentAuditors = try fields["minimumIndependentAuditors"]?.whole(in: 1...100)
        log = try fields["log"].map(Log.init)
        unverified =
            try fields["unverified"]?.word(Unverified.allCases.map { ($0.rawValue, $0) }) ?? .ignore
        revocations = try fields["revocations"].map(Revocations.init) ?? Revocations()
        let timestampRoots = try fields["timestampRoots"]?.elements() ?? []
        validation.timestampAuthorities = try timestampRoots.flatMap { value in
            let file = try value.file(from: directory)
            return try value.reading { try CertificateAuthority.timestampAuthorities(in: file) }
        }
        validation.revocationLists = try (fields["revocationLists"]?.elements() ?? []).flatMap {
            value in
            let file = try value.file(from: directory)
            return try value.reading { try RevocationList.all(in: file) }
        }
        let ofSignature: Set = [
            "version", "name", "signers", "unverified", "revocations", "timestampRoots",
            "revocationLists",
        ]
        if auditors.isEmpty, let key = fields.keys.subtracting(ofSignature).sorted().first,
            let value = fields[key]
        {
            throw value.error(
                "asks something of an audit, but the policy trusts no auditor",
                remedy: "name the auditors' keys under \"auditors:\"")
        }
        if let least = minimumIndependentAuditors, auditors.count < least,
            let value = fields["minimumIndependentAuditors"]
        {
            throw value.error(
                "is \(least), but \(auditors.count) can be met",
                remedy: "name more auditors, each as one of its own, or ask for fewer")
        }
    }
}

extension Policy.Requirement {
    /// Reads a name, and a digest unless Temper ships what has the name.
    fileprivate init(
        _ value: PolicyValue, besides others: [String] = [], shipped: (String) -> String?
    ) throws {
        let fields = try value.fields(["name", "digest"] + others)
        name = try fields.required("name").text()
        guard let digest = try fields["digest"]?.digest() ?? shipped(name) else {
            throw value.error(
                "names \"\(name)\", which Temper does not ship, without a digest",
                remedy: "add \"digest:\", because anything can have that name")
        }
        self.digest = digest
    }
}

extension Policy.Measuring {
    fileprivate init(_ value: PolicyValue) throws {
        let fields = try value.fields(["answerTokens", "thinkingTokens"])
        answerTokens = try fields["answerTokens"]?.whole(in: 1...1_000_000)
        thinkingTokens = try fields["thinkingTokens"]?.whole(in: 0...1_000_000)
    }
}

extension Thresholds {
    fileprivate init(_ value: PolicyValue) throws {
        let fields = try value.fields([
            "measure", "brokenWhen", "safeguard", "utilityLoss", "coherence",
        ])
        self.init(
            measure: try fields.required("measure").text(),
            brokenWhen: try fields.required("brokenWhen")
                .word([("below", .below), ("above", .above)]),
            safeguard: try fields.required("safeguard").number(in: 0...1),
            utilityLoss: try fields.required("utilityLoss").number(in: 0...1),
            coherence: try fields.required("coherence").number(in: 0...1))
    }
}

extension Prices {
    /// Reads prices; those that are left out are Temper's own.
    fileprivate init(_ value: PolicyValue) throws {
        let fields = try value.fields(["dollarsPerHour", "peakFlops", "utilisation"])
        self.init()
        dollarsPerHour = try fields["dollarsPerHour"]?.number(in: 0.000_001...1e9) ?? dollarsPerHour
        peakFlops = try fields["peakFlops"]?.number(in: 1...1e30) ?? peakFlops
        utilisation = try fields["utilisation"]?.number(in: 0.000_001...1) ?? utilisation
    }
}

extension [Policy.MinimumCost] {
    fileprivate init(_ value: PolicyValue) throws {
        let quantities: [(key: String, quantity: CostQuantity)] = [
            ("dollars", .dollars), ("examples", .examples), ("steps", .steps),
            ("floatingPointOperations", .floatingPointOperations),
        ]
        let fields = try value.fields(quantities.map(\.key) + ["adversary"])
        let adversary =
            switch try fields["adversary"]?.text() ?? "any" {
            case "any": Policy.Adversary.any
            case "each": Policy.Adversary.each
            case let name: Policy.Adversary.named(name)
            }
        self = try quantities.compactMap { key, quantity in
            try fields[key].map { value in
                let amount = try value.number(in: 0...1e40)
                guard amount > 0 else {
                    throw value.error("is 0, which asks nothing", remedy: "give more, or leave it")
                }
                return Policy.MinimumCost(
                    quantity: quantity, amount: amount, adversary: adversary)
            }
        }
        if isEmpty {
            throw value.error(
                "names no amount",
                remedy: "give one of: \(quantities.map(\.key).joined(separator: ", "))")
        }
    }
}

extension Revocations {
    fileprivate init(_ value: PolicyValue) throws {
        let fields = try value.fields(["keys", "models", "attestations"])
        func entries(_ key: String, _ digest: String) throws -> [Entry] {
            try fields[key]?.elements().map { element in
                let fields = try element.fields([digest, "reason", "date"])
                return Entry(
                    digest: try fields.required(digest).digest(),
                    reason: try fields.required("reason").text(),
                    date: try fields.required("date").day())
            } ?? []
        }
        keys = try entries("keys", "hint")
        models = try entries("models", "root")
        attestations = try entries("attestations", "digest")
    }
}
