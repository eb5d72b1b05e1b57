// SPDX-License-Identifier: Apache-2.0
// Checks that costs are possible, add up along a trace, and follow from prices.

extension AttackCost {
    /// Returns what is impossible in a cost, or does not follow from the prices; nil if nothing is.
    ///
    /// - Parameter prices: The prices of the record.
    /// - Returns: The problem.
    func contradiction(at prices: Prices) -> String? {
        let amounts = [floatingPointOperations, deviceSeconds, dollars]
        guard examples >= 0, steps >= 0, tokens >= 0, amounts.allSatisfy({ $0 >= 0 && $0.isFinite })
        else { return "has an amount that is not a number from 0" }
        let due = prices.dollars(forFloatingPointOperations: floatingPointOperations)
        // Sums are rounded in another order than their parts.
        guard abs(dollars - due) <= 1e-9 * max(dollars, due) else {
            return "has dollars that are not its floating point operations at the stated prices"
        }
        return nil
    }

    /// Returns whether nothing was paid back since an earlier cost of the same cell. Seconds do not
    /// count, because an interrupted cell may be resumed on another machine.
    func hasGrown(since earlier: AttackCost) -> Bool {
        examples >= earlier.examples && steps >= earlier.steps && tokens >= earlier.tokens
            && floatingPointOperations >= earlier.floatingPointOperations
    }
}

extension EvaluationCost {
    /// Whether all amounts are numbers from 0.
    var isPossible: Bool {
        let counts = [prompts, tokens, thinkingTokens ?? 0, judgeCalls ?? 0]
        let amounts = [judgeDollars ?? 0, floatingPointOperations, deviceSeconds, dollars]
        return counts.allSatisfy { $0 >= 0 } && amounts.allSatisfy { $0 >= 0 && $0.isFinite }
    }
}

extension Prices {
    /// What is impossible in the prices; nil if nothing is.
    var contradiction: String? {
        guard dollarsPerHour >= 0, dollarsPerHour.isFinite, peakFlops > 0, peakFlops.isFinite,
            utilisation > 0, utilisation <= 1
        else { return "are not possible" }
        return nil
    }
}

extension Thresholds {
    /// Whether all thresholds are shares from 0 to 1.
    var isPossible: Bool {
        [safeguard, utilityLoss, coherence].allSatisfy((0...1).contains)
    }
}
