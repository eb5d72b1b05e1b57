// SPDX-License-Identifier: Apache-2.0
// Writes the fixture's page where TEMPER_REPORT_OUT says, for scripts/screenshot and the eye.

import Foundation
import Records
import Testing

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
    let withstood = ReportFixture.record(
        cells: record.cells.filter { ["control", "system-prompt"].contains($0.adversary) },
        adversaries: [ReportFixture.adversaries[0], ReportFixture.adversaries[3]],
        hasOriginal: false)
    try Data(Report(withstood).html().utf8).write(to: url.appending(path: "withstood.html"))
    for width in [60, 100, 140] {
        print(Report(record).terminalSummary(width: width))
    }
}
