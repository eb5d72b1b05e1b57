// SPDX-License-Identifier: Apache-2.0
// Reads CSV as RFC 4180 describes it.

internal import Foundation

/// The rows of a CSV file. Fields in quotes may hold commas, quotes and line breaks. Lines end in
/// CRLF, LF or CR. A byte order mark and empty lines are skipped.
struct CSVTable {
    /// One row, and the line of the file in which it begins, counted from 1.
    struct Row: Equatable {
        let line: Int
        let fields: [String]
    }

    /// The problem of a file, its line, and the remedy.
    struct Problem: Error, Equatable {
        let line: Int
        let text: String
        let remedy: String
    }

    let rows: [Row]

    /// Reads a file.
    ///
    /// - Parameter data: UTF-8.
    /// - Throws: ``Problem`` when the data is not valid CSV.
    init(_ data: Data) throws(Problem) {
        var reader = CSVReader()
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for byte in data.starts(with: mark) ? data.dropFirst(mark.count) : data {
            try reader.take(byte)
        }
        rows = try reader.finish()
    }
}

private struct CSVReader {
    private enum Place {
        case fieldStart, plain, quoted
        /// After a quote that ends the field, unless another quote follows.
        case afterQuote
    }

    private static let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
    private static let (feed, carriage) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private var rows: [CSVTable.Row] = []
    private var fields: [String] = []
    private var field: [UInt8] = []
    private var place = Place.fieldStart
    private var line = 1
    private var firstLine = 1
    private var quoteLine = 1
    private var isQuotedRow = false
    private var previous: UInt8 = 0

    mutating func take(_ byte: UInt8) throws(CSVTable.Problem) {
        defer { previous = byte }
        let isSecondOfBreak = byte == Self.feed && previous == Self.carriage
        if byte == Self.carriage || (byte == Self.feed && !isSecondOfBreak) { line += 1 }
        switch (place, byte) {
        case (.quoted, Self.quote): place = .afterQuote
        case (.quoted, _): field.append(byte)
        case (.afterQuote, Self.quote):
            field.append(byte)
            place = .quoted
        case (_, Self.comma): try endField()
        case (_, Self.feed), (_, Self.carriage):
            if !isSecondOfBreak { try endRow() }
            firstLine = line
        case (.fieldStart, Self.quote):
            place = .quoted
            quoteLine = line
            isQuotedRow = true
        case (.afterQuote, _):
            throw problem(
                "something follows the quote that ends a field",
                remedy: "double the quotes inside it")
        case (_, Self.quote):
            throw problem(
                "a quote stands inside a field without quotes",
                remedy: "enclose the field in quotes and double those inside it")
        default:
            field.append(byte)
            place = .plain
        }
    }

    mutating func finish() throws(CSVTable.Problem) -> [CSVTable.Row] {
        if place == .quoted {
            throw CSVTable.Problem(
                line: quoteLine, text: "the quote that opens here is never closed",
                remedy: "close it")
        }
        line += 1
        try endRow()
        return rows
    }

    private mutating func endField() throws(CSVTable.Problem) {
        guard let text = String(bytes: field, encoding: .utf8) else {
            throw problem("is not UTF-8", remedy: "save the file in that encoding")
        }
        fields.append(text)
        field = []
        place = .fieldStart
    }

    private mutating func endRow() throws(CSVTable.Problem) {
        let isBlank = fields.isEmpty && field.isEmpty && !isQuotedRow
        if !isBlank {
            try endField()
            rows.append(CSVTable.Row(line: firstLine, fields: fields))
        }
        fields = []
        isQuotedRow = false
    }

    private func problem(_ text: String, remedy: String) -> CSVTable.Problem {
        CSVTable.Problem(line: firstLine, text: text, remedy: remedy)
    }
}
