// SPDX-License-Identifier: Apache-2.0
// A policy's checks of one audit: whether it counts, and whether its result is good enough.

import Foundation
import Records

extension Policy {
    typealias Outcome = VerificationReport.Outcome

    /// Returns whether an audit counts for the policy: the right one, complete, recent and
    /// independent enough. An audit that does not count neither helps nor hurts.
    ///
    /// - Parameters:
    ///   - audit: The audit's predicate.
    ///   - isIndependent: Whether it was signed by a party other than the weights' signer.
    ///   - now: The current time.
    /// - Returns: The outcome of each check.
    func eligibility(of audit: TamperResistance, isIndependent: Bool, now: Date) -> [Outcome] {
        var outcomes = means(of: audit)
        outcomes.append(completeness(of: audit))
        if let least = minimumSeeds {
            let count = Set(audit.seeds).count
            outcomes.append(
                Outcome("seeds", isPassed: count >= least, "\(count), at least \(least) needed"))
        }
        if let most = maximumAge {
            let age = now.timeIntervalSince(audit.evaluatedAt)
            outcomes.append(
                Outcome(
                    "age", isPassed: age <= most.seconds,
                    "\(daysOrHours(age)), at most \(most) allowed"))
        }
        if let least = minimumAssurance {
            let level = isIndependent ? audit.assuranceLevel : .selfAttested
            let overstated =
                level < audit.assuranceLevel
                ? "; it says \(audit.assuranceLevel), but only the signer of the weights signed it"
                : ""
            outcomes.append(
                Outcome(
                    "assurance", isPassed: level >= least,
                    "\(level), at least \(least) needed\(overstated)"))
        }
        return outcomes
    }

    /// Returns whether an audit measured what the policy asks, and as it asks.
    private func means(of audit: TamperResistance) -> [Outcome] {
        var outcomes: [Outcome] = []
        if let suite { outcomes.append(check(suite, audit.suite, audit.thresholds)) }
        if let battery {
            outcomes.append(
                check(battery, audit.battery, isBudgetStated: audit.evaluation != nil))
        }
        if let decidedBy {
            outcomes.append(check(decidedBy, audit.evaluation?.decidingJudge))
        }
        if evaluation != Measuring() { outcomes.append(check(audit.evaluation)) }
        if let minimumTrials { outcomes.append(check(audit.trials, atLeast: minimumTrials)) }
        return outcomes
    }

    /// Returns whether the result of an audit is good enough.
    func limits(on audit: TamperResistance) -> [Outcome] {
        let adversaries = audit.adversaries.filter { !$0.isControl }
        return [safeguard(of: audit)]
            + minimumCosts.map { $0.check(adversaries, prices: prices) }
            + [
                maximumSafetyTax.map { check(audit.safetyTax, atMost: $0) },
                original.map { check(audit.baseModel, is: $0) },
            ].compactMap(\.self)
    }

    private func check(
        _ name: String, _ needed: Requirement, found: String, version: String? = nil,
        _ digest: TamperResistance.Digest
    ) -> Outcome {
        let title = [found, version].compactMap(\.self).joined(separator: " ")
        guard found == needed.name else {
            return Outcome(name, isPassed: false, "\(title), but \(needed.name) is needed")
        }
        guard needed.digest != digest.sha256 else {
            return Outcome(name, isPassed: true, title)
        }
        return Outcome(
            name, isPassed: false,
            "\(title) has the digest \(digest.sha256.prefix(16))…, but "
                + "\(needed.digest.prefix(16))… is needed")
    }

    private func check(
        _ needed: Requirement, _ suite: TamperResistance.Suite, _ limits: TamperResistance.Limits?
    ) -> Outcome {
        let outcome = check(
            "suite", needed, found: suite.name, version: suite.version, suite.digest)
        guard outcome.isPassed else { return outcome }
        guard let limits else {
            return Outcome(
                "suite", isPassed: false,
                "\(outcome.detail), but the audit does not state its thresholds")
        }
        guard let thresholds, thresholds != limits.thresholds else { return outcome }
        return Outcome(
            "suite", isPassed: false,
            "\(outcome.detail), but its safeguard breaks where \(limits.metric) is "
                + "\(limits.brokenWhen.rawValue) \(limits.safeguard), utility loss "
                + "\(limits.utilityLoss), coherence \(limits.coherence): others are needed")
    }

    private func check(_ trials: Int?, atLeast least: Int) -> Outcome {
        let found = trials.map { "\($0)" } ?? "not stated"
        return Outcome(
            "trials", isPassed: trials ?? 0 >= least, "\(found), at least \(least) needed")
    }

    private func check(_ measured: TamperResistance.Evaluation?) -> Outcome {
        guard let measured else {
            return Outcome(
                "evaluation", isPassed: false, "the audit does not state how it measured")
        }
        let thinking = measured.thinkingTokens ?? 0
        let isAsked =
            evaluation.answerTokens.map { $0 == measured.answerTokens } ?? true
            && evaluation.thinkingTokens.map { $0 == thinking } ?? true
        let needed = [
            evaluation.answerTokens.map { "\($0) tokens an answer" },
            evaluation.thinkingTokens.map { "\($0) tokens for thinking" },
        ].compactMap(\.self).joined(separator: " and ")
        return Outcome(
            "evaluation", isPassed: isAsked,
            "\(measured.answerTokens) tokens an answer, \(thinking) for thinking"
                + (isAsked ? "" : ", but \(needed) are needed"))
    }

    private func check(
        _ needed: Requirement, _ battery: TamperResistance.Battery, isBudgetStated: Bool
    ) -> Outcome {
        let outcome = check("battery", needed, found: battery.name, battery.digest)
        guard outcome.isPassed else { return outcome }
        guard let steps = battery.budgetSteps else {
            return isBudgetStated
                ? outcome
                : Outcome(
                    "battery", isPassed: false,
                    "\(battery.name), but the audit does not state its budget and its settings: "
                        + "its record is of version 1")
        }
        return Outcome(
            "battery", isPassed: false,
            "\(battery.name), but its adversaries were limited to \(steps) steps")
    }

    private func check(
        _ needed: Requirement, _ judge: TamperResistance.Judge?
    ) -> Outcome {
        guard let judge else {
            return Outcome(
                "judge", isPassed: false,
                "\(needed.name) is needed, but the audit does not state which judge decided")
        }
        return check("judge", needed, found: judge.name, judge.digest)
    }

    /// Returns whether every adversary could be measured. An adversary that could not might have
    /// broken the safeguard.
    private func completeness(of audit: TamperResistance) -> Outcome {
        // Such an audit counts, so that it is evidence against the model: `safeguard(of:)` refuses
        // it.
        if audit.safeguard == .absent {
            return Outcome(
                "completeness", isPassed: true,
                "the untampered model has no safeguard that an adversary could break")
        }
        let adversaries = audit.adversaries.filter { !$0.isControl }
        let unmeasured = adversaries.filter {
            $0.shownResistance == .unclear || $0.costToBreak == nil || !$0.failedSeeds.isEmpty
                || !$0.hasSeeds(of: audit)
        }
        guard unmeasured.isEmpty, !adversaries.isEmpty else {
            let names = unmeasured.map(\.unclearText).joined(separator: ", ")
            return Outcome(
                "completeness", isPassed: false,
                adversaries.isEmpty
                    ? "it has no adversaries" : "not measured with every seed: \(names)")
        }
        return Outcome(
            "completeness", isPassed: true, "all \(adversaries.count) adversaries were measured")
    }

    /// Returns whether the untampered model has a safeguard at all.
    private func safeguard(of audit: TamperResistance) -> Outcome {
        let claims = audit.claims.filter { $0.under == TamperResistance.untamperedName }
        guard let claim = claims.first else {
            return Outcome(
                "safeguard", isPassed: false, "the audit claims nothing of the untampered model")
        }
        let holds = claims.allSatisfy(\.passed)
        return Outcome(
            "safeguard", isPassed: holds,
            "the untampered model \(holds ? "keeps" : "does not keep") \(claim.metric) "
                + "\(claim.comparator) \(claim.threshold)")
    }

    private func check(_ tax: TamperResistance.SafetyTax?, atMost most: Double) -> Outcome {
        guard let tax else {
            return Outcome(
                "safety tax", isPassed: false,
                "the audit did not measure the model before hardening")
        }
        // The end of the interval that is worse for the model.
        let worst = max(tax.loss.value, tax.interval.upper.value)
        return Outcome(
            "safety tax", isPassed: worst <= most,
            "\(brief(tax.loss.value)) of \(tax.metric), upper end of the "
                + "\(brief(tax.interval.confidence.value * 100))% interval \(brief(worst)), at most "
                + "\(brief(most)) allowed")
    }
}

extension Policy {
    private func check(_ base: TamperResistance.Resource?, is root: String) -> Outcome {
        let found = base.map { "\($0.name) with the root \($0.digest.sha256.prefix(16))…" }
        return Outcome(
            "original", isPassed: base?.digest.sha256 == root,
            "\(found ?? "the audit names none"), \(root.prefix(16))… is needed")
    }
}

extension AdversaryFinding {
    /// Whether it was run with every seed of the audit, or with those that confirm a search. A
    /// finding of an earlier version of Temper does not name the seeds that are missing.
    fileprivate func hasSeeds(of audit: TamperResistance) -> Bool {
        var adversary = AdversarySpecification(name: name, attack: attack)
        adversary.ignoresSeed = ignoresSeed
        let own = Set(seeds.compactMap(UInt64.init))
        guard adversary.dependsOnSeed else { return !own.isEmpty }
        return own.isSuperset(of: audit.seeds.compactMap(UInt64.init))
            || own.isSuperset(of: SearchRecord.confirmingSeeds)
    }
}

/// Returns a time in whole days, or in hours if it is less than a day.
func daysOrHours(_ seconds: TimeInterval) -> String {
    let (unit, name) = seconds < 86_400 ? (3_600.0, "hours") : (86_400.0, "days")
    return "\(Int((seconds / unit).rounded(.down))) \(name)"
}

/// Returns the number with six significant digits.
func brief(_ value: Double) -> String { String(format: "%.6g", value) }
