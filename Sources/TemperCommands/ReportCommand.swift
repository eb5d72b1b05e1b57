// SPDX-License-Identifier: Apache-2.0
// `temper report`: renders a record again.

import ArgumentParser
import CommandLineInterface
import Foundation
import Records
import Reports

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Render the report of a record.json as HTML or Markdown.")

    @Argument(help: "A record.json that an audit wrote.")
    var record: String

    @Option(help: "The file to write: .html, or .md for a table.")
    var out: String

    func run() throws {
        let report = Report(try AuditRecord(contentsOf: URL(fileURLWithPath: record)))
        let file = URL(fileURLWithPath: out)
        let text = file.pathExtension == "md" ? report.markdown() : report.html()
        try write(Data(text.utf8), to: file)
        print(out)
    }
}
