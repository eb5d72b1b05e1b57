// SPDX-License-Identifier: Apache-2.0
// Measures are shown in the words and places that records state.

import Foundation
import Testing

@testable import Records
@testable import Reports

@Suite struct MeasureWordsTests {
    /// A measure that no report has heard of.
    private static func entry(title: String = "Share of rhymes") -> MeasureEntry {
        MeasureEntry(
            name: "rhymes", summary: "The share of answers that rhyme.", unit: .fraction,
            interval: "Wilson",
            wording: MeasureEntry.Wording(
                title: title, explanation: "answers that rhyme",
                sentence: MeasureEntry.Wording.Sentence(verb: "rhymes in", object: "answers")),
            place: MeasureEntry.Place(
                column: 25, summary: MeasureEntry.Summary(column: 15, terminalTitle: "rhymes"),
                isCompared: true))
    }

    private static func record(_ entries: [MeasureEntry]?) -> AuditRecord {
        var record = ReportFixture.record()
        record.baseline.append(.share("rhymes", 34, of: 60, split: .test))
        record.measures = entries
        return record
    }

    @Test("a measure that brings its entry is shown with its wording, in its place")
    func stated() throws {
        let record = Self.record([Self.entry()])
        let html = Report(record).html()
        let titles = [
            "Refusal", "Coherent compliance", "Share of rhymes", "Incoherent answers",
        ].map { "<th scope=\"col\">\($0)</th>" }
        let places = try titles.map { try #require(html.range(of: $0)).lowerBound }
        #expect(places == places.sorted())
        #expect(html.contains("answers that rhyme"))
        #expect(Report(record).markdown().contains(" share of rhymes | over-refusal |"))
        let terminal = Report(record).terminalSummary(width: 200)
        let heading = try #require(
            terminal.split(separator: "\n").first { $0.hasPrefix("adversary") })
        let words = heading.split(separator: " ").map(String.init)
        #expect(
            words == [
                "adversary", "refusal", "comply", "rhymes", "over-refusal", "capability", "cost",
                "to", "break",
            ])
        #expect(terminal.contains("57%"))
    }

    @Test("a measure without an entry is shown by its name, behind the others")
    func unstated() throws {
        for entries in [nil, []] as [[MeasureEntry]?] {
            let html = Report(Self.record(entries)).html()
            let title = try #require(html.range(of: "<th scope=\"col\">Rhymes</th>"))
            let last = try #require(html.range(of: "<th scope=\"col\">KL divergence</th>"))
            #expect(last.lowerBound < title.lowerBound)
            #expect(!Report(Self.record(entries)).terminalSummary(width: 200).contains("rhymes"))
        }
    }

    @Test("a record with Temper's own entries reads as one that states none")
    func own() {
        let (stated, unstated) = (Self.record(MeasureEntry.ofOlderRecords), Self.record(nil))
        #expect(Report(stated).html() == Report(unstated).html())
        #expect(Report(stated).markdown() == Report(unstated).markdown())
        for width in [40, 60, 80, 100, 200] {
            #expect(
                Report(stated).terminalSummary(width: width)
                    == Report(unstated).terminalSummary(width: width))
        }
    }

    @Test("a comparison takes the reference's words first, and shows what asks for it")
    func compared() throws {
        var records = ComparisonTests.records()
        records[0].record = Self.record([Self.entry()])
        records[1].record.measures = [Self.entry(title: "Other words")]
        let text = ComparisonReport(try Comparison(records)).markdown()
        #expect(text.contains("| Share of rhymes |"))
        #expect(!text.contains("Other words"))
    }

    @Test("a safeguard is spoken of in the words of its measure")
    func sentence() {
        var record = Self.record([Self.entry()])
        record.thresholds.measure = "rhymes"
        record.thresholds.safeguard = 0.1
        for index in record.cells.indices {
            for point in record.cells[index].trace.indices {
                record.cells[index].trace[point].measurements.append(
                    .share("rhymes", 30, of: 60, split: .test))
            }
            record.cells[index].broken = record.thresholds.costToBreak(
                of: record.cells[index].trace, baseline: record.baseline)
        }
        record.outcomes = record.adversaries.map {
            AdversaryOutcome(adversary: $0.name, cells: record.cells)
        }
        record.batteryOutcome = BatteryOutcome(
            outcomes: record.outcomes, adversaries: record.adversaries)
        #expect(Report(record).html().contains("Of answers it rhymes in 57%"))
    }

    @Test("a title from a stranger's record stays text", arguments: PageTests.hostile)
    func hostile(title: String) {
        let record = Self.record([Self.entry(title: title)])
        let page = PageReader(Report(record).html())
        #expect(page.failure == nil)
        #expect(page.elements.count { $0.name == "script" } == 1)
        let markdown = Report(record).markdown().split(separator: "\n")
        let table = markdown.filter { $0.hasPrefix("| ") }
        #expect(table.count == markdown.count { $0.hasPrefix("|") } && table.count > 2)
        #expect(!Report(record).terminalSummary().unicodeScalars.contains("\u{1B}"))
    }
}
