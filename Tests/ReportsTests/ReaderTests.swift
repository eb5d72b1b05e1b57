// SPDX-License-Identifier: Apache-2.0
// What a first-time reader stumbled over: numbers that disagree, bounds in two directions, long pages.

import Foundation
import Testing

@testable import Records
@testable import Reports

@Suite struct ReaderTests {
    private func share(_ refused: Int) -> MeasuredValue {
        .share(MeasureName.refusal, refused, of: 96, split: .test)
    }

    @Test("seeds that disagree are stated apart, and never as their mean")
    func disagreement() {
        let two = PooledValue([share(94), share(0)])
        #expect(two?.text == "0% and 98%")
        #expect(two?.textWithBounds == "0% and 98% (2 seeds apart)")
        let three = PooledValue([share(94), share(0), share(50)])
        #expect(three?.text == "0% to 98%")
        let near = PooledValue([share(40), share(50)])
        #expect(near?.text == "47%")
    }

    @Test("a panel shows the validation prompts' value and the test prompts', each by its name")
    func confirmation() throws {
        let record = ReportFixture.record()
        let summary = AdversarySummary(ReportFixture.adversaries[1], of: record)
        let svg = try #require(TraceChart(summary)).markup(id: "x").svg
        let test = try #require(summary.confirmation)
        #expect(svg.contains(">test \(test.text)<"))
        #expect(svg.contains("mark confirmation"))
        #expect(PageReader(Report(record).html()).text.contains("48 validation prompts"))
    }

    @Test("a bound never says more than and less than at once")
    func bound() {
        let cells = (1...3).map {
            ReportFixture.cell("lora-16-examples", seed: UInt64($0), refused: [47, 46, 46, 46])
        }
        let record = ReportFixture.record(
            cells: cells, adversaries: [ReportFixture.adversaries[1]])
        let verdict = Report(record).verdict
        #expect(verdict.contains("more than") && !verdict.contains("less than"))
    }

    @Test("of many adversaries the cheapest are drawn, and the rest is folded away")
    func manyAdversaries() {
        let adversaries = (0..<25).map { index in
            AdversarySpecification(name: "lora-\(index)", attack: "fine-tuning")
        }
        let cells = adversaries.map {
            ReportFixture.cell($0.name, seed: 1, refused: [47, 30, 2, 1])
        }
        let content = PageContent(
            ReportFixture.record(cells: cells, adversaries: adversaries))
        #expect(content.traces.count == 5 && content.otherTraces.count == 20)
        #expect(content.otherTracesSummary == "The traces of the other 20 adversaries")
        #expect(Set((content.traces + content.otherTraces).map(\.heading)).count == 25)
    }

    @Test("a model without a safeguard has no section on costs")
    func withoutSafeguard() {
        var baseline = ReportFixture.baseline()
        for index in baseline.indices where baseline[index].measure == MeasureName.refusal {
            baseline[index] = .share(
                MeasureName.refusal, 1, of: baseline[index].count, split: baseline[index].split)
        }
        let page = Report(ReportFixture.record(baseline: baseline)).html()
        #expect(!page.contains("id=\"price\"") && !page.contains("href=\"#price\""))
        #expect(Report(ReportFixture.record()).html().contains("id=\"price\""))
    }

    @Test("costs on larger models go by the parameters, and are called an extrapolation")
    func scaling() throws {
        let record = ReportFixture.record()
        let sections = PageSections(
            record: record,
            summaries: record.adversaries.map { AdversarySummary($0, of: record) })
        let cost = try #require(record.batteryOutcome).cost.cost
        #expect(sections.scaling.rows.count == 3)
        #expect(
            sections.scaling.rows[1].cells[0].text
                == NumberText.significant(cost.floatingPointOperations * 8e9 / 134_515_008))
        #expect(sections.scalingRemark.contains("extrapolation"))
    }

    @Test("a logarithmic axis has at least two labels", arguments: [[3.0], [3, 4e9], [1e-9, 1]])
    func axis(values: [Double]) {
        let scale = Scale.decades(values, start: 0, end: 100)
        #expect(scale.decadeTicks(labelWidth: { _ in 90 }).count >= 2)
    }

    @Test("a divergence of rounding is 0")
    func rounding() {
        #expect(NumberText.value(1.2e-9, unit: .nats) == "0 nats")
        #expect(NumberText.value(0.012, unit: .nats) == "0.012 nats")
    }
}
