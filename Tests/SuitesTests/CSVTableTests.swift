// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Suites

@Suite("CSV")
struct CSVTableTests {
    private func rows(_ text: String) throws -> [[String]] {
        try CSVTable(Data(text.utf8)).rows.map(\.fields)
    }

    @Test(
        "fields are read as RFC 4180 has them",
        arguments: [
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
            ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
            ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
            ("\u{FEFF}a,b\n", [["a", "b"]]),
            ("\"a, b\",\"say \"\"hi\"\"\"\n", [["a, b", "say \"hi\""]]),
            ("\"one\r\ntwo\",x\n", [["one\r\ntwo", "x"]]),
            ("a,\n,b\n,\n", [["a", ""], ["", "b"], ["", ""]]),
            ("a\n\n\nb\n", [["a"], ["b"]]),
            ("\"\"\n", [[""]]),
            (" a , b\n", [[" a ", " b"]]),
            ("Schnur,Übung 🧵\n", [["Schnur", "Übung 🧵"]]),
            ("", []),
        ])
    func reads(text: String, expected: [[String]]) throws {
        #expect(try rows(text) == expected)
    }

    @Test("a row is numbered by the line that it begins in")
    func lines() throws {
        let table = try CSVTable(Data("a,b\r\n\"1\r\n2\r\n3\",x\r\n\r\nc,d\r\n".utf8))
        #expect(table.rows.map(\.line) == [1, 2, 6])
    }

    @Test(
        "what is no CSV is an error with its line",
        arguments: [
            ("a,b\nc,\"d\n", 2, "never closed"),
            ("a,b\n\"c\"d,e\n", 2, "follows the quote"),
            ("a,b\nc,d\ne\"f,g\n", 3, "inside a field"),
        ])
    func malformed(text: String, line: Int, word: String) throws {
        let error = #expect(throws: CSVTable.Problem.self) { try rows(text) }
        #expect(error?.line == line)
        #expect(error?.text.contains(word) == true)
    }

    @Test("a byte that is no UTF-8 is an error with its line")
    func encoding() throws {
        let data = Data("a,b\nc,".utf8) + [0xE9, 0x0A]
        let error = #expect(throws: CSVTable.Problem.self) { try CSVTable(data) }
        #expect(error?.line == 2)
    }

    @Test(
        "a list is read as Python, NumPy or JSON write it",
        arguments: [
            ("['one', 'two']", ["one", "two"]),
            ("['one' 'two'\n 'three']", ["one", "two", "three"]),
            (#"["it's", 'say "hi"', 'it\'s']"#, ["it's", "say \"hi\"", "it's"]),
            (#"["a\u00e9", "b\\c", "\ud83e\uddf5"]"#, ["aé", "b\\c", "🧵"]),
            (#"['tab\tand \xe9', "x"]"#, ["tab\tand é", "x"]),
            ("[]", []),
        ])
    func lists(text: String, expected: [String]) {
        #expect(ChoiceColumns.quotedTexts(of: text) == expected)
    }

    @Test("what is no list gives none", arguments: ["", "one", "['one'", "['one", "[one]", "[] x"])
    func noList(text: String) {
        #expect(ChoiceColumns.quotedTexts(of: text) == nil)
    }
}
