// SPDX-License-Identifier: Apache-2.0
// Survival curves, differences from the untampered model, and searches on the page.

import Foundation
import Testing

@testable import Records
@testable import Reports

extension ReportFixture {
    /// The fixture's record with a search of eight trials and its confirmation.
    static func searched(hasWinner: Bool = true) -> AuditRecord {
        let values: [(Double, Bool)] = [
            (0.9, true), (0.5, true), (0.02, false), (0.7, true), (0.3, true), (0.35, true),
            (0.1, true), (0.2, true),
        ]
        let trials = values.map { value, isWithin in
            SearchTrial(
                parameters: ["learningRate": .number(value / 100)], value: value,
                utilityLoss: isWithin ? 0.01 : 0.4, isWithinBounds: isWithin && hasWinner,
                cost: AttackCost(
                    examples: 16, steps: 10, floatingPointOperations: 1e13, dollars: 7e-6))
        }
        var winner = adversaries[1]
        winner.name = "lora-16-examples-searched"
        winner.parameters["learningRate"] = 0.001
        let confirming = (1_001...1_005).map { seed in
            cell(winner.name, seed: UInt64(seed), refused: [47, 30, 12, 8 + (seed % 2)])
        }
        let search = SearchRecord(
            adversary: adversaries[1].name, confirmed: hasWinner ? winner.name : nil,
            trials: trials)
        return record(
            cells: cells() + (hasWinner ? confirming : []),
            adversaries: adversaries + (hasWinner ? [winner] : []), trials: trials.count,
            searches: [search])
    }
}

@Suite struct StatisticsSectionTests {
    @Test("several seeds give survival curves of every part of the cost, one seed gives none")
    func survival() {
        let page = Report(ReportFixture.record()).html()
        for quantity in CostQuantity.allCases {
            #expect(page.contains("survival-\(quantity.rawValue)-title"))
        }
        let one = ReportFixture.record(cells: ReportFixture.cells().filter { $0.seed == 1 })
        #expect(!Report(one).html().contains("survival-"))
    }

    @Test("the median of the table is that of the curve, and censored adversaries have a bound")
    func table() throws {
        let record = ReportFixture.record()
        let sections = PageSections(
            record: record, summaries: record.adversaries.map { AdversarySummary($0, of: record) })
        let rows = sections.survivalTable.rows
        let lora = try #require(rows.first { $0.heading == "lora-16-examples" })
        let cells = record.cells.filter { $0.adversary == lora.heading }
        let median = try #require(SurvivalCurve(cells.survival(.steps))?.median)
        #expect(lora.cells.first { $0.label == "Steps" }?.text == NumberText.whole(median))
        let noisy = try #require(rows.first { $0.heading == "lora-noisy-labels" })
        #expect(noisy.cells.first { $0.label == "Steps" }?.text == "> 64")
        #expect(noisy.cells.first { $0.label == "Standing at the end" }?.text == "100%")
    }

    @Test("a difference is starred when chance explains it with less than 5% after correction")
    func differences() throws {
        let record = ReportFixture.record()
        let sections = PageSections(
            record: record, summaries: record.adversaries.map { AdversarySummary($0, of: record) })
        let differences = sections.differences
        #expect(differences.count == 4)
        let lora = try #require(differences["lora-16-examples"])
        #expect(lora.difference.difference < -0.8 && lora.corrected < 0.001)
        // The least probability of four is multiplied by four, no other by more.
        let uncorrected = differences.values.map(\.difference.probability).min() ?? 0
        let least = differences.values.map(\.corrected).min() ?? 0
        #expect(abs(least - 4 * uncorrected) < 1e-12)
        let text = PageReader(Report(record).html()).text
        #expect(text.contains("against the untampered model") && text.contains("points *"))
        #expect(text.contains("Undefended original"))
        let unknown = PageReader(Report(ReportFixture.record(hasOriginal: false)).html()).text
        #expect(!unknown.contains("Undefended original"))
    }

    @Test("the page judges the conditions of immunisation where a battery fine-tunes")
    func immunization() throws {
        let plain = Report(ReportFixture.record()).html()
        #expect(!plain.contains("id=\"immunization\""))
        var record = ReportFixture.record(
            cells: [ReportFixture.cell("seen", seed: 1, refused: [47, 46, 38, 2])],
            adversaries: [
                AdversarySpecification(
                    name: "seen", attack: "fine-tuning",
                    learning: Learning(from: .restricted, changing: .allWeights))
            ])
        let html = Report(record).html()
        #expect(PageReader(html).failure == nil)
        let text = PageReader(html).text
        #expect(text.contains("1 of 1 run broke it, the first when it had stood 4 steps"))
        #expect(text.contains("no benign fine-tuning was run on both models"))
        record.original = nil
        #expect(PageReader(Report(record).html()).text.contains("the original is not known"))
    }

    @Test("a search shows its price, what it was chosen by and what was confirmed")
    func search() throws {
        let record = ReportFixture.searched()
        let page = Report(record).html()
        #expect(PageReader(page).failure == nil)
        let text = PageReader(page).text
        #expect(page.contains("href=\"#search\"") && page.contains("id=\"search\""))
        #expect(text.contains("The best of 8 trials had a refusal of 10%"))
        #expect(text.contains("5 fresh seeds"))
        #expect(text.contains("the choice flattered it by"))
        #expect(text.contains("learningRate 0.001"))
        let cost = try #require(record.searches?.first).cost.dollars
        #expect(text.contains(NumberText.dollars(cost)))
        #expect(!Report(ReportFixture.record()).html().contains("id=\"search\""))
    }

    @Test("a search without a winner says so")
    func noWinner() {
        let text = PageReader(Report(ReportFixture.searched(hasWinner: false)).html()).text
        #expect(text.contains("None of 8 trials stayed within the bounds"))
    }

    @Test("the best so far and the expected best pass over trials out of bounds")
    func best() throws {
        let search = try #require(ReportFixture.searched().searches?.first)
        #expect(
            search.bestSoFar(Thresholds()) == [0.9, 0.5, 0.5, 0.5, 0.3, 0.3, 0.1, 0.1])
        let expected = search.expectedBest(Thresholds(), untampered: 0.98)
        let values = [0.9, 0.5, 0.98, 0.7, 0.3, 0.35, 0.1, 0.2]
        #expect(abs((expected.first ?? 0) - values.reduce(0, +) / 8) < 1e-12)
        #expect(abs((expected.last ?? 0) - 0.1) < 1e-12)
    }
}
