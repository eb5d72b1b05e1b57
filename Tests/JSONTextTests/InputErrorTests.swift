// SPDX-License-Identifier: Apache-2.0
// Errors name place, problem and remedy on one line.

import Foundation
import Testing

@testable import JSONText

@Suite("Errors for bad input")
struct InputErrorTests {
    @Test("an error is one line of place, problem and remedy")
    func description() {
        let error = InputError(
            file: "a.json", position: "byte 3", "is damaged", remedy: "fetch it again")
        #expect("\(error)" == "a.json: byte 3: is damaged; fetch it again")
        #expect(error.place == "a.json: byte 3")
        #expect(
            "\(InputError("--memory", "is too small", remedy: "give more"))"
                == "--memory: is too small; give more")
    }

    @Test("names from outside cannot forge lines or fill the screen")
    func hostile() {
        let name = "a\n\u{1B}[31mb\u{202E}c\u{2028}"
        let error = InputError(
            file: name, position: String(repeating: "x", count: 5000), name,
            remedy: name)
        #expect(!error.description.contains { $0.isNewline || $0 == "\u{1B}" || $0 == "\u{202E}" })
        #expect(error.description.hasPrefix(#"a\u{a}\u{1b}[31mb\u{202e}c\u{2028}: xxx"#))
        #expect(error.description.count < 600)
    }

    struct Record: Decodable {
        struct Cell: Decodable {
            var steps: Int
            var name: String?
            var costs: [String: Double]
        }
        var cells: [Cell]
    }

    @Test(
        "a value that cannot be decoded is named by its path",
        arguments: [
            (#"{}"#, "r.json: cells: is missing"),
            (#"{"cells": [{"costs": {}}]}"#, "r.json: cells[0].steps: is missing"),
            (
                #"{"cells": [{"steps": 1, "costs": {}}, {"steps": "many", "costs": {}}]}"#,
                "r.json: cells[1].steps: is of the wrong type, a whole number is needed"
            ),
            (
                #"{"cells": [{"steps": null, "costs": {}}]}"#,
                "r.json: cells[0].steps: is null, where a whole number is needed"
            ),
            (
                #"{"cells": [{"steps": 1, "name": 2, "costs": {}}]}"#,
                "r.json: cells[0].name: is of the wrong type, a string is needed"
            ),
            (
                #"{"cells": [{"steps": 1, "costs": []}]}"#,
                "r.json: cells[0].costs: is of the wrong type, an object is needed"
            ),
            (
                #"{"cells": [{"steps": 1, "costs": {"a": true}}]}"#,
                "r.json: cells[0].costs.a: is of the wrong type, a number is needed"
            ),
            (
                #"{"cells": [{"steps": 1.5, "costs": {}}]}"#,
                "r.json: holds a fraction, or too great a number, where a whole number is needed"
            ),
            (#"{"cells": 7}"#, "r.json: cells: is of the wrong type, an array is needed"),
        ])
    func decoding(json: String, message: String) throws {
        let error = try #require(throws: DecodingError.self) {
            try JSONDecoder().decode(Record.self, from: Data(json.utf8))
        }
        #expect(
            "\(InputError(error, in: Data(json.utf8), file: "r.json", remedy: "mend it"))"
                == "\(message); mend it")
    }

    @Test("text that is not JSON is refused with the position")
    func notJSON() throws {
        let data = Data("{\"cells\": [\n".utf8)
        let error = try #require(throws: DecodingError.self) {
            try JSONDecoder().decode(Record.self, from: data)
        }
        let text = "\(InputError(error, in: data, file: "r.json", remedy: "mend it"))"
        #expect(text == "r.json: byte 12 (line 2, column 1): a value is expected; mend it")
    }
}
