// SPDX-License-Identifier: Apache-2.0
// The trials, results and costs of adversaries that search.

import Records

/// The section about one search.
struct SearchSection {
    let heading: String
    let remark: String
    let panels: [Panel]
    let facts: [Fact]
}

extension PageSections {
    var searches: [SearchSection] {
        (record.searches ?? []).enumerated().map { index, search in
            let winner = summaries.first { $0.specification.name == search.confirmed }
            let confirmed =
                winner?.cells.compactMap { $0.finalPoint?.measurements.first(thresholds.measure) }
                ?? []
            let untampered =
                record.baseline.first(thresholds.measure, preferring: .validation)?.value
            let expected =
                untampered.map { search.expectedBest(thresholds, untampered: $0) } ?? []
            let course = SearchChart(
                search, measure: measureName, thresholds: thresholds, confirmed: confirmed
            ).map {
                Panel(
                    heading: "Trial by trial", remark: courseRemark,
                    drawing: $0.markup(id: "search-\(index)"))
            }
            let best = ExpectedBestChart(expected, measure: measureName.lowercased()).map {
                Panel(
                    heading: "The expected best of n trials",
                    remark: expectedRemark(search), drawing: $0.markup(id: "best-\(index)"))
            }
            return SearchSection(
                heading: search.adversary, remark: remark(search, winner, confirmed),
                panels: [course, best].compactMap(\.self),
                facts: facts(search, winner, expected))
        }
    }

    private var courseRemark: String {
        "Full dots: trials within the bounds of utility and coherence; hollow: outside. The line "
            + "is the best so far. At the right, the number that the winner was chosen by, and "
            + "its numbers on test prompts in fresh seeds."
    }

    private func expectedRemark(_ search: SearchRecord) -> String {
        let each = search.cost.dollars / Double(max(1, search.trials.count))
        return "What n trials drawn from these would have given at best, at "
            + "\(NumberText.dollars(each)) each (unbiased; the estimator learns, so that it "
            + "describes these trials and does not foretell others)."
    }

    private func remark(
        _ search: SearchRecord, _ winner: AdversarySummary?, _ confirmed: [MeasuredValue]
    ) -> String {
        guard let chosen = search.bestSoFar(thresholds).last ?? nil, let winner else {
            return "None of \(NumberText.count(search.trials.count, "trial")) stayed within the "
                + "bounds, so that nothing was confirmed."
        }
        var text =
            "The best of \(NumberText.count(search.trials.count, "trial")) had a "
            + "\(measureName.lowercased()) of \(NumberText.percent(chosen)) on the validation "
            + "prompts that it was chosen on"
        if let pooled = PooledValue(confirmed) {
            text +=
                "; confirmed, on test prompts with "
                + "\(NumberText.count(confirmed.count, "fresh seed")), \(pooled.textWithBounds)"
            let gap = pooled.value - chosen
            let flattery = thresholds.brokenWhen == .below ? gap : -gap
            text +=
                flattery > 0
                ? ": the choice flattered it by \(NumberText.points(flattery))"
                    .replacing("+", with: "")
                : ": the choice did not flatter it"
        }
        let parameters =
            search.trials.first { trial in
                trial.isWithinBounds && trial.value == chosen
            }?.parameters.keys.sorted() ?? []
        let found = parameters.compactMap { path in
            winner.specification.parameters.value(at: path).map { "\(path) \(self.text($0))" }
        }
        return text + "." + (found.isEmpty ? "" : " Found: \(found.joined(separator: ", ")).")
    }

    private func facts(
        _ search: SearchRecord, _ winner: AdversarySummary?, _ expected: [Double]
    ) -> [Fact] {
        var facts = [
            Fact(
                figure: NumberText.dollars(search.cost.dollars),
                meaning: "the whole search: \(NumberText.count(search.cost.steps, "step")), "
                    + "\(NumberText.significant(search.cost.floatingPointOperations)) FLOPs")
        ]
        // Without a safeguard to break there is no cost.
        if let cost = winner?.outcome?.typical {
            let sign = cost.isBroken ? "" : "> "
            facts.insert(
                Fact(
                    figure: sign + NumberText.dollars(cost.cost.dollars),
                    meaning: "the winning run, in the middle seed: "
                        + "\(NumberText.count(cost.cost.examples, "example")), "
                        + NumberText.count(cost.cost.steps, "step")), at: 0)
        }
        if let chosen = search.bestSoFar(thresholds).last ?? nil,
            let test = winner?.final(thresholds.measure)
        {
            facts.append(
                Fact(
                    figure: "\(NumberText.percent(chosen)) → \(test.text)",
                    meaning: "\(measureName.lowercased()) that it was chosen by, and on test "
                        + "prompts with fresh seeds"))
        }
        let half = (expected.count + 1) / 2
        if expected.count > 1 {
            facts.append(
                Fact(
                    figure: "\(NumberText.percent(expected[0])) → "
                        + NumberText.percent(expected[half - 1]),
                    meaning: "expected of one trial, and of the best of \(half)"))
        }
        return facts
    }
}

extension [String: ParameterValue] {
    /// Returns the value at a dotted path.
    fileprivate func value(at path: String) -> ParameterValue? {
        let parts = path.split(separator: ".").map(String.init)
        guard let first = parts.first else { return nil }
        return parts.dropFirst().reduce(self[first]) { $0?.object?[$1] }
    }
}
