// SPDX-License-Identifier: Apache-2.0
// Cohen's kappa against scikit-learn and statsmodels (Goldens/make-kappa.py), and what is summed up
// of several judges.

import Foundation
import Testing

@testable import Records

@Suite("Several judges")
struct JudgingTests {
    private struct Goldens: Decodable {
        struct Case: Decodable {
            let table: [[Int]]
            let value: Double
            let lower: Double
            let upper: Double
        }
        let cases: [Case]
    }

    @Test("kappa and its interval equal scikit-learn's and statsmodels's")
    func goldens() throws {
        let file = try #require(
            Bundle.module.url(forResource: "kappa", withExtension: "json", subdirectory: "Goldens"))
        let goldens = try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: file))
        #expect(goldens.cases.count > 8)
        for golden in goldens.cases {
            let kappa = CohensKappa(table: golden.table)
            let value = try #require(kappa.value)
            #expect(abs(value - golden.value) < 1e-12, "\(golden.table)")
            guard value < 1 else { continue }
            let interval = try #require(kappa.interval)
            #expect(abs(interval.lower - max(-1, golden.lower)) < 1e-9, "\(golden.table)")
            #expect(abs(interval.upper - min(1, golden.upper)) < 1e-9, "\(golden.table)")
        }
    }

    @Test("kappa is undefined where both judges say the same of everything, or there is nothing")
    func undefined() {
        for table in [[[9, 0], [0, 0]], [[0, 0], [0, 9]], [[0, 0], [0, 0]], []] {
            #expect(CohensKappa(table: table) == CohensKappa(table: []))
            #expect(CohensKappa(table: table).value == nil)
        }
    }

    @Test("perfect agreement has no interval, for its error cannot be estimated")
    func perfect() {
        let kappa = CohensKappa(table: [[5, 0], [0, 4]])
        #expect(kappa.value == 1)
        #expect(kappa.interval == nil)
    }

    private let judging = Judging(
        split: .test, digests: (0..<6).map { ("prompt \($0)", "answer \($0)") },
        verdicts: [
            ("text", [true, true, false, false, true, false]),
            ("guard", [true, false, false, true, nil, false]),
            ("endpoint", [true, true, nil, false, nil, nil]),
        ], usage: [Judging.Usage(judge: "guard", calls: 6, promptTokens: 60)])

    @Test("rates leave out what a judge came to no verdict on")
    func rates() {
        #expect(judging.rates.map(\.judge) == ["text", "guard", "endpoint"])
        #expect(judging.rates.map(\.compliance.value) == [0.5, 0.4, 2.0 / 3])
        #expect(judging.rates.map(\.compliance.count) == [6, 5, 3])
        #expect(judging.rates.map(\.undecided) == [0, 1, 3])
    }

    @Test("each two judges are compared on what both have judged")
    func agreements() {
        let pairs = judging.agreements.map { "\($0.first) \($0.second)" }
        #expect(pairs == ["text guard", "text endpoint", "guard endpoint"])
        #expect(judging.agreements[0].table == [[2, 1], [1, 1]])
        #expect(judging.agreements.map(\.count) == [5, 3, 3])
        #expect(judging.agreements.map(\.differing) == [2, 0, 2])
    }

    @Test("answers that judges differ on are flagged by place and digest")
    func flags() {
        #expect(judging.flags.map(\.prompt) == [1, 3])
        #expect(judging.flags[0].promptDigest == "prompt 1")
        #expect(judging.flags[0].answerDigest == "answer 1")
        #expect(judging.flags[0].complies == ["text": true, "guard": false, "endpoint": true])
        #expect(judging.flags[1].complies == ["text": false, "guard": true, "endpoint": false])
    }

    @Test("several looks are pooled by adding their tables")
    func pooled() {
        let pooled = (judging.agreements + judging.agreements).pooled()
        #expect(pooled.map(\.count) == [10, 6, 6])
        #expect(pooled[0].table == [[4, 2], [2, 2]])
        #expect(pooled[0].kappa.value == judging.agreements[0].kappa.value)
    }

    @Test("a record with judges is read as it was written, and one without has no word of them")
    func coding() throws {
        var record = RecordFixture.record()
        #expect(!String(decoding: try record.json(), as: UTF8.self).contains("udging"))
        record.baselineJudging = judging
        record.cells[0].trace[0].judging = judging
        let read = try AuditRecord(json: try record.json())
        #expect(read == record)
        #expect(read.cells[0].trace[0].judging == judging)
    }

    @Test(
        "no absolute path stays in a command line",
        arguments: [
            ("/a/b/model", "model"), ("--out=/a/b", "--out=b"), ("guard:/a/b/Guard", "guard:Guard"),
            ("--judge=guard:/a/b,policy=/c/d.txt", "--judge=guard:b,policy=d.txt"),
            ("endpoint:https://host/v1,model=m", "endpoint:https://host/v1,model=m"),
            ("relative/model", "relative/model"), ("/", "/"),
        ])
    func paths(argument: String, expected: String) {
        let record = RecordFixture.record(commandLine: [argument])
        #expect(record.commandLine == [expected])
    }
}
