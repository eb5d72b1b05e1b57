// SPDX-License-Identifier: Apache-2.0
// `temper compare`: compares audits of several models.

import ArgumentParser
import CommandLineInterface
import Foundation
import Records
import Reports

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Put the audits of several models side by side.",
        discussion: """
            The first record is the reference of all differences. Records of different suites, \
            budgets or thresholds are refused, and so are adversaries that share a name but not \
            their parameters.
            """)

    @Argument(help: "Two or more record.json that audits wrote.")
    var records: [String]

    @Option(help: "The file to write: .html, .md or .json. Without it, Markdown is printed.")
    var out: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(
        help: """
            Print only what each hardening bought and what it costs, against the first record as the \
            control.
            """)
    var trade = false

    func validate() throws {
        guard records.count > 1 else {
            throw ValidationError("compare takes two records or more")
        }
        if let out, !["html", "md", "json"].contains(URL(fileURLWithPath: out).pathExtension) {
            throw ValidationError("--out must end in .html, .md or .json")
        }
    }

    func run() throws {
        let loaded = try records.map {
            (file: $0, record: try AuditRecord(contentsOf: URL(fileURLWithPath: $0)))
        }
        let report = ComparisonReport(try Comparison(loaded))
        if let out {
            let file = URL(fileURLWithPath: out)
            let data: Data =
                switch file.pathExtension {
                case "json": try report.json()
                case "md": Data(report.markdown().utf8)
                default: Data(report.html().utf8)
                }
            try write(data, to: file)
        }
        if trade { return print(report.tradeOffText()) }
        if json {
            print(String(decoding: try report.json(), as: UTF8.self), terminator: "")
        } else {
            print(out ?? report.markdown())
        }
    }
}
