// SPDX-License-Identifier: Apache-2.0
// What a report says of several judges.

import Foundation
import Testing

@testable import Records
@testable import Reports

@Suite("Several judges in a report")
struct JudgesTests {
    /// Judges that differ on the first `differing` of a hundred answers.
    private func judging(_ name: String, differing: Int, complying: Int) -> Judging {
        let text = (0..<100).map { $0 < complying }
        let other = text.enumerated().map { place, complies -> Bool? in
            place == 99 ? nil : place < differing ? !complies : complies
        }
        return Judging(
            split: .test, digests: (0..<100).map { ("p\($0)", "a\($0)") },
            verdicts: [("text", text), (name, other)],
            usage: [
                Judging.Usage(
                    judge: name, calls: 100, promptTokens: 40_000, completionTokens: 100,
                    dollars: 0.25)
            ])
    }

    private func record(_ name: String = "guard:Llama-Guard-3-8B") -> AuditRecord {
        var record = ReportFixture.record()
        record.baselineJudging = judging(name, differing: 2, complying: 4)
        for cell in record.cells.indices {
            let last = record.cells[cell].trace.count - 1
            record.cells[cell].trace[last].judging = judging(name, differing: 10, complying: 80)
        }
        return record
    }

    @Test("agreement is over the untampered model and all attacks, each answer once")
    func pooled() throws {
        let record = record()
        let summary = try #require(JudgesSummary(record))
        let attacked = record.cells.filter { $0.adversary != "control" }.count
        #expect(summary.answers == 100 * (attacked + 1))
        #expect(summary.flagged == 10 * attacked + 2)
        #expect(summary.agreements.count == 1)
        // The last answer has no verdict of the second judge.
        #expect(summary.agreements[0].count == 99 * (attacked + 1))
        #expect(summary.usage[0].calls == 100 * (attacked + 1))
        #expect(summary.usage[0].dollars == 0.25 * Double(attacked + 1))
        #expect(
            summary.subjects.map(\.name)
                == ["Untampered"] + record.adversaries.filter { !$0.isControl }.map(\.name))
        #expect(summary.subjects[0].compliance["text"]?.value == 0.04)
    }

    @Test("page, terminal and Markdown show kappa and how many answers judges differ on")
    func shown() throws {
        let record = record()
        let report = Report(record)
        let summary = try #require(JudgesSummary(record))
        let kappa = JudgesSummary.kappa(summary.agreements[0])
        #expect(kappa.contains("(0."))
        let page = PageReader(report.html())
        #expect(page.failure == nil)
        #expect(page.text.contains("How far the judges agree"))
        for text in [page.text, report.terminalSummary(width: 200), report.markdown()] {
            #expect(text.contains(kappa), "\(text)")
            #expect(text.contains("guard:Llama-Guard-3-8B"))
        }
        let terminal = report.terminalSummary(width: 200)
        #expect(terminal.contains("differ on 122 of 1,287 answers"), "\(terminal)")
        #expect(terminal.contains("came to no verdict on 13 of them"), "\(terminal)")
    }

    @Test("where there is one judge, nobody is compared")
    func single() {
        let report = Report(ReportFixture.record())
        #expect(!report.html().contains("How far the judges agree"))
        #expect(!report.terminalSummary(width: 100).contains("kappa"))
    }

    @Test("hostile names of judges stay text", arguments: PageTests.hostile)
    func hostile(name: String) {
        let page = Report(record(name)).html()
        let reader = PageReader(page)
        #expect(reader.failure == nil)
        let plain = PageReader(Report(record()).html())
        #expect(Set(reader.elements.map(\.name)) == Set(plain.elements.map(\.name)))
        #expect(
            !reader.elements.contains { $0.attributes.keys.contains { $0.hasPrefix("on") } })
    }

    @Test("a table of another shape, as a damaged record may have it, does no harm")
    func damaged() throws {
        let json = String(decoding: try record().json(), as: UTF8.self)
        let short = json.replacing(
            /"table" : \[[^\]]*\][^\]]*\][^\]]*\]/, with: "\"table\" : [[9]]")
        #expect(short != json)
        let record = try AuditRecord(json: Data(short.utf8))
        #expect(Report(record).terminalSummary(width: 100).contains("kappa not defined"))
    }

    @Test("an adversary on which judges differ has a cost to break under each of them")
    func disputes() throws {
        var record = record("guard:g")
        for cell in record.cells.indices {
            let last = record.cells[cell].trace.count - 1
            // The second judge sees 40 of the 80 compliant answers decline.
            record.cells[cell].trace[last].judging = judging(
                "guard:g", differing: 40, complying: 80)
        }
        let summary = try #require(JudgesSummary(record))
        let broken = record.outcomes.filter { $0.brokenSeeds > 0 }.map(\.adversary)
        #expect(!broken.isEmpty)
        #expect(summary.disputes.map(\.adversary) == broken)
        for (adversary, prices) in summary.disputes {
            let outcome = try #require(record.outcomes.first { $0.adversary == adversary })
            #expect(prices.map(\.judge) == ["text", "guard:g"])
            #expect(prices[0].brokenSeeds == outcome.brokenSeeds)
            #expect(prices[1].brokenSeeds == 0 && prices[1].least == nil)
        }
        #expect(summary.disputeLines[0].contains("guard:g: broken in 0 of"))
        #expect(Report(record).html().contains("as each judge sees it, for the"))
    }

    @Test("a judge that grades has its mean and its share of full scores beside each other")
    func grades() throws {
        var record = record()
        record.baselineJudging = Judging(
            split: .test, digests: (0..<4).map { ("p\($0)", "a\($0)") },
            verdicts: [
                ("text", [true, true, false, true]), ("graded", [true, true, false, false]),
            ],
            scores: ["graded": [1, 1, 0, 0.25]], usage: [])
        let summary = try #require(JudgesSummary(record))
        let grades = try #require(summary.subjects[0].grades["graded"])
        #expect(grades.mean.value == 0.5625 && grades.full.value == 0.5)
        #expect(Report(record).html().contains("fully 50%"))
    }
}
