// SPDX-License-Identifier: Apache-2.0
// Writes the fixture's page where TEMPER_REPORT_OUT says, for scripts/screenshot and the eye.

import Foundation
import Testing

@testable import Records
@testable import Reports

@Test(
    "the fixture's page can be written for a screenshot",
    .enabled(if: ProcessInfo.processInfo.environment["TEMPER_REPORT_OUT"] != nil))
func writeFixturePage() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["TEMPER_REPORT_OUT"])
    let record = ReportFixture.record()
    let url = URL(filePath: folder)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try Data(Report(record).html().utf8).write(to: url.appending(path: "report.html"))
    try Data(Report(ReportFixture.searched()).html().utf8)
        .write(to: url.appending(path: "searched.html"))
    let compared = ComparisonReport(try Comparison(ComparisonTests.records()))
    try Data(compared.html().utf8).write(to: url.appending(path: "compared.html"))
    for (name, record) in [
        ("unclear", ReportFixture.unclear()),
        ("unclear-standing", ReportFixture.unclear(breaks: false)),
        ("unsafeguarded", ReportFixture.unsafeguarded()),
    ] {
        try Data(Report(record).html().utf8).write(to: url.appending(path: "\(name).html"))
        print(Report(record).terminalSummary(width: 100))
        print(Report(record).markdown())
    }
    let mixed = try Comparison([
        ("a/record.json", ReportFixture.unclear()),
        ("b/record.json", ReportFixture.unsafeguarded()),
    ])
    try Data(ComparisonReport(mixed).html().utf8).write(to: url.appending(path: "mixed.html"))
    let withstood = ReportFixture.record(
        cells: record.cells.filter { ["control", "system-prompt"].contains($0.adversary) },
        adversaries: [ReportFixture.adversaries[0], ReportFixture.adversaries[3]],
        hasOriginal: false)
    try Data(Report(withstood).html().utf8).write(to: url.appending(path: "withstood.html"))
    let many = (0..<14).map { index in
        AdversarySpecification(
            name: "adversary-\(index)-with-a-rather-long-name-that-somebody-chose",
            attack: index % 2 == 0 ? "lora-fine-tuning" : "some_new-attack",
            parameters: [
                "attacks": .list([.object(["attack": "a", "rank": .number(Double(index))])])
            ])
    }
    let cells = many.enumerated().map { index, adversary in
        ReportFixture.cell(
            adversary.name, seed: 1,
            refused: [47, 46, 44, 40 - index, 39 - 2 * index, 38 - 2 * index, 9 + index],
            examples: 10 * (index + 1), operationsPerStep: pow(10, 12 + Double(index) / 2))
    }
    let crowded = ReportFixture.record(model: "模型-\"quoted\"", cells: cells, adversaries: many)
    try Data(Report(crowded).html().utf8).write(to: url.appending(path: "crowded.html"))
    for width in [60, 100, 140] {
        print(Report(record).terminalSummary(width: width))
    }
}
