// SPDX-License-Identifier: Apache-2.0
// Reads an audit from a signed statement and checks every number.

import Foundation
import JSONText
import Records
import Suites

extension TamperResistance {
    /// Reads the predicate of a statement.
    ///
    /// Unknown fields are ignored, as in-toto asks.
    ///
    /// - Parameters:
    ///   - statement: A statement whose signature was verified.
    ///   - name: The name in errors.
    /// - Throws: An `InputError` for another predicate or version. For a damaged one, it names the
    ///   place.
    public init(_ statement: Statement, named name: String) throws {
        let type = statement.predicateType
        guard type == Self.predicateType else {
            throw type.hasPrefix(Self.predicateFamily)
                ? InputError(
                    name, "has the predicate \(type), and this Temper reads \(Self.predicateType)",
                    remedy: "use a newer Temper")
                : InputError(
                    name, "has the predicate \(type), which is no audit's",
                    remedy: "other tools may read it")
        }
        do {
            self = try RecordJSON.decoder().decode(Self.self, from: statement.predicate)
        } catch let error as DecodingError {
            throw InputError(
                name,
                "the predicate's \(error.place.isEmpty ? "JSON" : error.place) "
                    + error.problem,
                remedy: "ask its signer for another")
        }
        if let (place, problem) = flaw {
            throw InputError(
                name, "the predicate's \(place) \(problem)", remedy: "ask its signer for another")
        }
    }

    /// The first inconsistency.
    ///
    /// An attestation of an earlier version of Temper does not state its thresholds, and is checked
    /// as far as it goes.
    var flaw: (place: String, problem: String)? {
        if let ambiguity { return ambiguity }
        let digests =
            [
                ("modelSignature", modelSignature), ("suite", suite.digest),
                ("battery", battery.digest),
            ]
            + [
                ("adapterSignature", adapterSignature),
                ("evaluation's decidingJudge", evaluation?.decidingJudge?.digest),
            ].compactMap { place, digest in digest.map { (place, $0) } }
            + adversaries.map { ("adversary \"\($0.name)\"", $0.digest) }
        for (place, digest) in digests where !digest.sha256.isSHA256 {
            return (place, "has no SHA-256 in 64 lowercase hexadecimal digits")
        }
        if let steps = battery.budgetSteps, !(steps.value >= 1) {
            return ("battery's budgetSteps", "is below 1")
        }
        for adversary in adversaries where adversary.budgetSteps.map({ $0 < 0 }) ?? false {
            return ("adversary \"\(adversary.name)\"", "has a budget below 0")
        }
        if let trials, trials < 0 { return ("trials", "is below 0") }
        if let evaluation, evaluation.answerTokens < 1 || evaluation.batchSize < 1 {
            return ("evaluation", "has a number below 1")
        }
        if let limits = flawOfLimits { return limits }
        if validity.notBefore >= validity.expires { return ("validity", "ends before it begins") }
        for (index, adversary) in adversaries.enumerated() {
            let place = "adversary \"\(adversary.name)\""
            if adversaries[..<index].contains(where: { $0.name == adversary.name }) {
                return (place, "stands there twice")
            }
            let measured = adversary.seeds.count - adversary.failedSeeds.count
            let isBroken = adversary.costToBreak?.least.outcome == .broken
            if adversary.brokenSeeds < 0 || adversary.brokenSeeds > measured
                || isBroken != (adversary.brokenSeeds > 0)
                || (adversary.costToBreak != nil && measured < 1)
            {
                return (place, "has seeds that do not go with its cost")
            }
            if let stated = adversary.resistance,
                (stated == .broken) != (adversary.brokenSeeds > 0)
                    || (stated == .held
                        && (adversary.costToBreak == nil || !adversary.failedSeeds.isEmpty))
            {
                return (place, "has a resistance that does not go with its seeds")
            }
            if adversary.resistance != nil,
                claims.contains(where: {
                    $0.under == adversary.name && $0.passed
                        && (safeguard != .stands || adversary.shownResistance != .held)
                })
            {
                return (place, "is claimed to have left the safeguard, but did not or is unclear")
            }
            let costs = adversary.costToBreak.map { [$0.least, $0.typical] } ?? []
            for cost in costs + [costToBreak?.typical].compactMap(\.self)
            where CostQuantity.allCases.contains(where: {
                !(cost.amount($0) >= 0 && cost.amount($0).isFinite)
            }) {
                return (place, "has a cost that is no cost")
            }
            for cost in costs + [costToBreak?.typical].compactMap(\.self) where !isPriced(cost) {
                return (place, "has dollars that are not its operations at the stated prices")
            }
        }
        return nil
    }

    /// An inconsistency between the thresholds, the claims and the measures of the untampered model.
    private var flawOfLimits: (place: String, problem: String)? {
        guard let limits = thresholds else { return nil }
        let shares = [limits.safeguard, limits.utilityLoss, limits.coherence]
        guard shares.allSatisfy({ (0...1).contains($0.value) }) else {
            return ("thresholds", "are not shares from 0 to 1")
        }
        if let known = KnownSuite.shipped(digest: suite.digest.sha256),
            known.thresholds != limits.thresholds
        {
            return (
                "thresholds",
                "are not those of the suite \(known.identity.name) \(known.identity.version)"
            )
        }
        for claim in claims
        where claim.metric != limits.metric || claim.threshold != limits.safeguard
            || claim.comparator != limits.comparator
        {
            return ("claims", "are not about the thresholds")
        }
        let untampered = utility.untampered.first { $0.metric == limits.metric }
        guard safeguard != .unknown else { return nil }
        guard let untampered, untampered.value.value.isFinite,
            limits.thresholds.isBroken(untampered.value.value) == (safeguard == .absent)
        else { return ("claims", "do not follow from the measures of the untampered model") }
        return nil
    }

    /// Whether the dollars of a cost are its floating point operations at the stated prices.
    private func isPriced(_ cost: CostFinding) -> Bool {
        guard let prices else { return true }
        let due = Records.Prices(prices)
            .dollars(forFloatingPointOperations: cost.floatingPointOperations.value)
        return due.isFinite
            && abs(cost.dollars.value - due) <= 1e-9 * max(cost.dollars.value, due)
    }
}

extension Records.Prices {
    /// Takes the prices of a predicate.
    init(_ prices: TamperResistance.Prices) {
        self.init(
            dollarsPerHour: prices.dollarsPerHour.value, peakFlops: prices.peakFlops.value,
            utilisation: prices.utilisation.value, accelerator: prices.accelerator,
            date: prices.date)
    }
}

extension Statement {
    /// Returns whether the statement is about a model, with exactly this adapter on it or with none.
    func isAbout(_ model: VerifiedModel, with adapter: VerifiedModel?) -> Bool {
        subjects.map { $0.digest["sha256"] } == [model.root] + [adapter?.root].compactMap { $0 }
    }
}

extension TamperResistance {
    /// Returns whether the audit is bound to the signed lists of a model and of the adapter on it.
    func isBound(to model: VerifiedModel, with adapter: VerifiedModel?) -> Bool {
        modelSignature.sha256 == model.payloadDigest
            && adapterSignature?.sha256 == adapter?.payloadDigest
    }
}
