// SPDX-License-Identifier: Apache-2.0
// The rows of a user's file, in any supported format.

internal import Foundation
internal import JSONText
internal import Records

/// One row of a CSV, JSON Lines or JSON file.
struct DataRow {
    /// The value of a column.
    enum Value: Equatable {
        case text(String)
        case list([String])
        case null
    }

    /// The line of a CSV or JSON Lines file, or the place in a JSON array, counted from 1.
    let number: Int
    /// The values by column, in lower case: the columns of AdvBench and JailbreakBench differ only
    /// in case.
    let values: [String: Value]

    /// Returns the text of a column; nil if there is none.
    func text(_ column: String) -> String? {
        guard case .text(let text) = values[column] else { return nil }
        return text.allSatisfy(\.isWhitespace) ? nil : text
    }
}

/// The rows of a user's file.
struct DataFile {
    /// The columns in order; those of JSON are sorted.
    let columns: [String]
    let rows: [DataRow]
    /// Whether rows are numbered by line, so that errors can name it.
    let hasLines: Bool

    /// The problem of a file, its row, and the remedy.
    struct Problem: Error {
        let number: Int?
        let text: String
        let remedy: String
    }

    /// Reads rows.
    ///
    /// - Parameters:
    ///   - data: The file.
    ///   - type: `csv`, `jsonl` or `json` (an array of objects).
    /// - Throws: ``Problem`` when the file is not valid.
    init(_ data: Data, type: String) throws(Problem) {
        hasLines = type != "json"
        var header: [String]?
        switch type {
        case "csv": (header, rows) = try Self.table(data)
        case "jsonl": rows = try Self.lines(data)
        case "json": rows = try Self.array(data)
        default:
            throw Problem(
                number: nil, text: "is no .csv, .jsonl or .json file",
                remedy: "convert it to one of them")
        }
        if rows.isEmpty {
            throw Problem(
                number: nil, text: "holds no rows",
                remedy: "add some, or do not name it in manifest.json")
        }
        columns = header ?? Set(rows.flatMap(\.values.keys)).sorted()
    }

    /// The columns of MMLU's original files, which have no header.
    static let lettered = ["question", "a", "b", "c", "d", "answer"]

    private static func table(_ data: Data) throws(Problem) -> ([String], [DataRow]) {
        let table: CSVTable
        do {
            table = try CSVTable(data)
        } catch {
            throw Problem(number: error.line, text: error.text, remedy: error.remedy)
        }
        guard let first = table.rows.first else { return ([], []) }
        let isLettered =
            first.fields.count == lettered.count
            && ["A", "B", "C", "D"].contains(first.fields.last)
        let names =
            isLettered
            ? lettered
            : first.fields.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        if Set(names).count < names.count {
            throw Problem(
                number: first.line, text: "two columns have the same name", remedy: "rename one")
        }
        var rows: [DataRow] = []
        for row in isLettered ? table.rows[...] : table.rows.dropFirst() {
            guard row.fields.count == names.count else {
                throw Problem(
                    number: row.line,
                    text: "has \(row.fields.count) fields, the file has \(names.count) columns",
                    remedy: "enclose fields that hold commas or line breaks in quotes")
            }
            let values = zip(names, row.fields).map { ($0, DataRow.Value.text($1)) }
            rows.append(
                DataRow(number: row.line, values: Dictionary(values) { first, _ in first }))
        }
        return (names, rows)
    }

    private static func lines(_ data: Data) throws(Problem) -> [DataRow] {
        var rows: [DataRow] = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated()
        where !line.allSatisfy({ [UInt8(ascii: " "), UInt8(ascii: "\r")].contains($0) }) {
            rows.append(
                DataRow(
                    number: index + 1,
                    values: lowercased(try decode([String: DataRow.Value].self, line, index + 1))))
        }
        return rows
    }

    private static func array(_ data: Data) throws(Problem) -> [DataRow] {
        try decode([[String: DataRow.Value]].self, data, nil).enumerated().map {
            DataRow(number: $0 + 1, values: lowercased($1))
        }
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ data: Data, _ number: Int?
    ) throws(Problem) -> Value {
        let remedy = "write each row as a JSON object of texts, numbers and lists of texts"
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            let failure = InputError(error, in: data, file: "", remedy: remedy)
            throw Problem(
                number: number,
                text: failure.place.isEmpty
                    ? failure.problem : "\(failure.place): \(failure.problem)", remedy: remedy)
        } catch {
            throw Problem(number: number, text: "\(error)", remedy: remedy)
        }
    }

    private static func lowercased(_ values: [String: DataRow.Value]) -> [String: DataRow.Value] {
        Dictionary(values.map { ($0.lowercased(), $1) }) { first, _ in first }
    }
}

extension DataRow.Value: Decodable {
    /// Reads a value. Numbers are kept as texts. An object counts as null, because no column that
    /// is read holds one.
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Int.self) {
            self = .text("\(number)")
        } else if let list = try? container.decode([String].self) {
            self = .list(list)
        } else {
            self = .null
        }
    }
}
