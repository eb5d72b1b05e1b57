// SPDX-License-Identifier: Apache-2.0
// `temper report`: renders a record again.

import ArgumentParser
import Foundation
import Records
import Reports

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Render the report of a record.json.")

    @Argument(help: "A record.json that an audit wrote.")
    var record: String

    @Option(help: "The HTML file to write.")
    var out: String

    func run() throws {
        let record = try AuditRecord(contentsOf: URL(fileURLWithPath: record))
        try write(Data(Report(record).html().utf8), to: URL(fileURLWithPath: out))
        print(out)
    }
}
