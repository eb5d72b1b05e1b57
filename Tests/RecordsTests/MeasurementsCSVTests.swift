// SPDX-License-Identifier: Apache-2.0
// The CSV of measurements, as other tools read it.

import Foundation
import Testing

@testable import Records

@Suite struct MeasurementsCSVTests {
    @Test("there is one row for each measure at each step of each cell, all of one width")
    func rows() throws {
        let record = RecordFixture.record()
        let csv = record.measurementsCSV()
        #expect(csv.hasSuffix("\r\n"))
        let rows = csv.split(separator: "\r\n")
        let measured = record.cells.flatMap(\.trace).map(\.measurements.count).reduce(0, +)
        // Two cells measured nothing, and have a row each.
        #expect(rows.count == 1 + record.baseline.count + measured + 2)
        let empty = String(repeating: ",", count: 23)
        #expect(
            rows.suffix(2) == [
                "tampered,prompt,system-prompt-override,2,failed\(empty)ran out of memory",
                "tampered,prompt,system-prompt-override,18446744073709551615,inapplicable"
                    + "\(empty)the template has no system role",
            ])
        let quotes = rows.filter { $0.contains("\"LoRA, \"\"16\"\" examples\"") }
        #expect(quotes.count == 36)
        let width = rows[0].split(separator: ",").count
        for row in rows {
            let plain = row.replacing("\"LoRA, \"\"16\"\" examples\"", with: "x")
            #expect(plain.split(separator: ",", omittingEmptySubsequences: false).count == width)
        }
    }

    @Test("Python's csv module reads back what was written")
    func python() throws {
        let python = URL(filePath: "/usr/bin/python3")
        guard FileManager.default.isExecutableFile(atPath: python.path()) else { return }
        let file = FileManager.default.temporaryDirectory
            .appending(path: "measurements-\(UUID()).csv")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(RecordFixture.record().measurementsCSV().utf8).write(to: file)
        let program = """
            import csv, sys
            rows = list(csv.DictReader(open(sys.argv[1], newline="")))
            assert all(None not in row and None not in row.values() for row in rows)
            last = [r for r in rows if r["adversary"] == 'LoRA, "16" examples'][-1]
            print(len(rows), last["seed"], last["measure"], float(last["value"]), last["step"])
            """
        let task = Process()
        task.executableURL = python
        task.arguments = ["-c", program, file.path()]
        let pipe = Pipe()
        task.standardOutput = pipe
        try task.run()
        let output = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        task.waitUntilExit()
        #expect(output == "64 18446744073709551615 capability 0.5 24\n")
    }
}
