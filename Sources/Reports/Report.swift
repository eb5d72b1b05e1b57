// SPDX-License-Identifier: Apache-2.0
// The report of an audit, as a page and as lines for a terminal.

import Mustache
public import Records

/// The report of an audit.
public struct Report: Sendable {
    let record: AuditRecord

    /// Makes a report of a record.
    public init(_ record: AuditRecord) {
        self.record = record
    }

    /// The verdict in one sentence.
    public var verdict: String { Verdict(record).text }

    /// Returns the report as one HTML file: no outside references, light and dark,
    /// printable.
    public func html() -> String {
        PageTemplate.library.render(PageContent(record), withTemplate: "page") ?? ""
    }

    /// Returns the outcome as a Markdown table: every adversary, with intervals and its cost to
    /// break.
    public func markdown() -> String { MarkdownSummary(record).text }

    /// Returns the outcome as plain text, without colour or control characters.
    ///
    /// - Parameter width: The number of columns of the terminal; at least 40 are used.
    /// - Returns: Lines, each with a line break at its end.
    public func terminalSummary(width: Int = 80) -> String {
        TerminalSummary(record, width: max(40, width)).text
    }
}
