// SPDX-License-Identifier: Apache-2.0
// The scanner takes what RFC 8259 allows, and nothing else.

import Foundation
import Testing

@testable import JSONText

@Suite("JSON scanner")
struct ScannerTests {
    private func value(_ text: String, _ repeated: JSON.RepeatedKeys = .refused) throws -> JSON {
        try JSON(Data(text.utf8), file: "x.json", repeatedKeys: repeated)
    }

    /// Whether the value's reader and the one that passes over values take a text; both agree.
    private func isAccepted(_ data: Data) -> Bool {
        let isRead = (try? JSON(data, file: "x.json")) != nil
        let isSkipped = (try? JSONScanner.check(data, file: "x.json")) != nil
        #expect(isRead == isSkipped)
        return isRead
    }

    // The verdicts are those of Python's json module, but for NaN and Infinity, control characters
    // beyond its strict mode, half surrogate pairs, repeated keys and a byte order mark.
    @Test(
        "what the standard allows is read",
        arguments: [
            "0", "-0", "10", "-1", "1.5", "-0.5", "1e5", "1E+5", "1.25e-3", "0e0", "0.0", "1e-999",
            "18446744073709551615", "-9223372036854775808", "123456789012345678901234567890",
            "true", "false", "null", "\"\"", "[]", "{}", " \t\r\n[ \t\r\n] \t\r\n",
            "[1,2]", "[ 1 , 2 ]", "{\"a\":1}", "{ \"a\" : 1 , \"b\" : [] }", "{\"\":0}",
            #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\uD834\udd1e""#, "\"\u{7F}\u{2028}é😀\"",
            #"["\u0000"]"#, "[[[[]]]]", "{\"a\":{\"a\":{}}}",
        ])
    func accepted(text: String) {
        #expect(isAccepted(Data(text.utf8)))
    }

    @Test(
        "what the standard does not allow is refused",
        arguments: [
            "", " ", "+1", "01", "-01", "00", ".5", "-.5", "1.", "1.e1", "1e", "1e+", "--1", "-",
            "1.2.3", "1e1.5", "0x10", "1_000", "1a", "NaN", "Infinity", "-Infinity", "nan", "inf",
            "True", "nul", "nulll", "truefalse", "[true1]", "undefined", "'a'", "a", "\"", "\"a",
            "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1}", "{",
            "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}",
            "{\"a\":1 \"b\":2}", "{a:1}", "{1:1}", "{'a':1}", "{\"a\"::1}", "{\"a\":1]", "1 2",
            "[] []", "{} x", "[]]", "\u{B}[]", "\u{C}[]", "[\u{A0}1]", "\u{FEFF}[]", "// a\n1",
            "[1] // a", "/* a */ 1", "#", "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"",
            #""\a""#, #""\'""#, #""\x41""#, #""\U0041""#, #""\""#, #""\u""#, #""\u004""#,
            #""\u004g""#, #""\u+041""#, #""\u 041""#, #""\u{41}""#, #""\ud800""#, #""\udc00""#,
            #""\ud800\n""#, #""\ud800\u0041""#, #""\udc00\ud800""#, #""\ud800x""#,
            #""\ud800\ud800""#,
            "{\"a\":1,\"a\":2}", "[{\"a\":1,\"b\":2,\"\\u0061\":3}]",
        ])
    func refused(text: String) {
        #expect(!isAccepted(Data(text.utf8)))
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0xFF], [0x80], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xE2, 0x82], [0x41, 0xC3, 0x28],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        let quote: [UInt8] = [0x22]
        #expect(!isAccepted(Data(quote + bytes + quote)))
        #expect(!isAccepted(Data(quote + Array("\\n".utf8) + bytes + quote)))
        #expect(!isAccepted(Data(bytes)))
    }

    @Test("a document cut off anywhere is refused")
    func truncated() {
        let whole = Data(#"{"a": [1, -2.5e3, true, null], "b": "\ud83d\ude00é"}"#.utf8)
        #expect(isAccepted(whole))
        for length in 0..<whole.count { #expect(!isAccepted(whole.prefix(length))) }
    }

    // MARK: - Values

    @Test("whole numbers of 64 bits are exact")
    func integers() throws {
        func isInteger(_ text: String, _ expected: Int) throws -> Bool {
            if case .integer(expected) = try value(text) { true } else { false }
        }
        #expect(try isInteger("0", 0))
        #expect(try isInteger("-0", 0))
        #expect(try isInteger("999999999999999999", 999_999_999_999_999_999))
        #expect(try isInteger("9223372036854775807", .max))
        #expect(try isInteger("-9223372036854775808", .min))
        guard case .unsigned(let seed) = try value("18446744073709551615") else {
            Issue.record("a 64-bit seed is not exact")
            return
        }
        #expect(seed == .max)
        guard case .number(let beyond) = try value("18446744073709551616") else {
            Issue.record("a greater number is not read")
            return
        }
        #expect(beyond == 18_446_744_073_709_551_616)
    }

    @Test("numbers with a fraction or an exponent are rounded to the nearest")
    func numbers() throws {
        let cases = [
            ("1.0", 1), ("1e2", 100), ("0.1", 0.1), ("-2.5E-3", -0.0025), ("1e-999", 0),
            ("5e-324", .leastNonzeroMagnitude),
            ("1.7976931348623157e308", .greatestFiniteMagnitude),
            ("9007199254740993.0", 9_007_199_254_740_992),
        ]
        for (text, expected) in cases {
            guard case .number(let number) = try value(text) else {
                Issue.record("\(text) is not a number")
                continue
            }
            #expect(number == expected)
        }
        #expect(throws: InputError.self) { try value("1e999") }
        #expect(throws: InputError.self) { try value("-1e999") }
    }

    @Test("escapes stand for their characters")
    func escapes() throws {
        guard
            case .string(let text) = try value(
                #""a\"\\\/\b\f\n\r\t\u0041\u00E9\ud83d\uDE00\u0000z""#)
        else {
            Issue.record("not a string")
            return
        }
        #expect(text == "a\"\\/\u{8}\u{C}\n\r\tAé😀\u{0}z")
    }

    @Test("members keep their order, and equal keys are kept where asked")
    func members() throws {
        let text = "{\"z\": 1, \"a\": 2, \"z\": 3, \"é\": 4, \"e\u{301}\": 5}"
        #expect(throws: InputError.self) { try value(text) }
        guard case .object(let members) = try value(text, .kept) else {
            Issue.record("not an object")
            return
        }
        #expect(
            members.map { Array($0.key.utf8) }
                == ["z", "a", "z", "é", "e\u{301}"].map { Array($0.utf8) })
        let root = JSONNode(.object(members), file: "x.json", remedy: "write another")
        #expect(try root.member("z")?.count() == 3)
    }

    @Test("a repeated key is found among many", arguments: [2, 8, 9, 10, 100])
    func repeatedKeys(count: Int) {
        let keys = (0..<count - 1).map { "\"\($0)\":0" }
        #expect(isAccepted(Data("{\(keys.joined(separator: ","))}".utf8)))
        for key in keys {
            let text = "{\((keys + [key]).joined(separator: ","))}"
            #expect(!isAccepted(Data(text.utf8)))
        }
    }

    // MARK: - Limits and positions

    @Test("nesting is limited")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        }
        func objects(_ depth: Int) -> String {
            String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
        }
        #expect(isAccepted(Data(nested(64).utf8)) && isAccepted(Data(objects(64).utf8)))
        #expect(!isAccepted(Data(nested(65).utf8)) && !isAccepted(Data(objects(65).utf8)))
        #expect(!isAccepted(Data(String(repeating: "[", count: 1_000_000).utf8)))
        #expect(!isAccepted(Data(String(repeating: "{\"a\":", count: 1_000_000).utf8)))
        // What was left again does not count.
        #expect(
            isAccepted(
                Data("[\(Array(repeating: nested(63), count: 9).joined(separator: ","))]".utf8)))
        #expect(throws: Never.self) {
            try JSON(Data(nested(500).utf8), file: "x", greatestDepth: 512)
        }
    }

    @Test(
        "an error names the file, the position, the problem and the remedy",
        arguments: [
            ("[1,]", "byte 3", "a value is expected"),
            ("", "byte 0", "a value is expected"),
            ("[1", "byte 2", "']' is expected"),
            ("[1 2]", "byte 3", "']' is expected"),
            ("{\"a\" 1}", "byte 5", "':' is expected"),
            ("{\"a\":1,}", "byte 7", "a key is expected"),
            ("{\"a\":1,\"a\":2}", "byte 7", "the key \"a\" occurs twice"),
            ("[\n  01]", "byte 4 (line 2, column 3)", "a value is expected"),
            ("{\n\"é😀\": [\n\"é\" x]}", "byte 19 (line 3, column 5)", "']' is expected"),
            ("[]\n\nx", "byte 4 (line 3, column 1)", "something follows the end of the value"),
            ("[\"a\\qb\"]", "byte 3", "a string holds an invalid escape"),
            (
                "[\"a\\ud800\"]", "byte 3",
                "a string holds an invalid escape: half of a surrogate pair"
            ),
            (
                "[\"a\\u12\"]", "byte 3",
                "a string holds an invalid escape: \\u without four hexadecimal digits"
            ),
            ("[\"a\u{1}\"]", "byte 3", "a string holds an unescaped control character"),
            ("[\"a", "byte 2", "a string does not end"),
            ("[1e999]", "byte 1", "the number is too large"),
            ("[[[", "byte 3", "a value is expected"),
        ])
    func positions(text: String, position: String, problem: String) throws {
        let error = try #require(throws: InputError.self) {
            try JSON(Data(text.utf8), file: "a/x.json", remedy: "fetch it again")
        }
        #expect("\(error)" == "a/x.json: \(position): \(problem); fetch it again")
    }

    @Test("offsets are those of the file that the text is a part of")
    func origin() throws {
        try Data("[\nx]".utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, at: 100, file: "x", remedy: "r")
            let error = try #require(throws: InputError.self) { try scanner.skipValue() }
            #expect(error.place == "x: byte 102")
        }
    }

    @Test("typed reads take their own kind alone")
    func typedReads() throws {
        func read<Value>(
            _ text: String, _ body: (inout JSONScanner) throws -> Value
        ) throws -> Value {
            try JSONScanner.read(Data(text.utf8), file: "x", body)
        }
        #expect(try read("[0, 12, 9223372036854775807]") { try $0.naturals() } == [0, 12, .max])
        for text in ["-0", "-1", "1.0", "1e1", "9223372036854775808", "\"1\"", "01", "", "true"] {
            #expect(throws: InputError.self, "\(text)") { try read(text) { try $0.natural() } }
        }
        #expect(try read(" true") { try $0.boolean() })
        #expect(throws: InputError.self) { try read("truer") { try $0.boolean() } }
        #expect(try read(" null") { $0.skipNull() })
        #expect(throws: InputError.self) { try read("nullx") { $0.skipNull() } }
        #expect(throws: InputError.self) { try read("[]") { try $0.string() } }
    }

    @Test("random bytes and damaged documents are read or refused, never more")
    func damaged() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d800", "1", "-", ".", "e", "true",
            "null", " ", "\n", "é", "a",
        ].map { Array($0.utf8) }
        for _ in 0..<5_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                bytes += pieces.randomElement(using: &random) ?? []
            }
            if Int.random(in: 0..<4, using: &random) == 0 { bytes.append(.random(in: 0...255)) }
            let isFoundations =
                (try? JSONSerialization.jsonObject(
                    with: Data(bytes), options: .fragmentsAllowed)) != nil
            // Foundation is kinder, never stricter.
            if isAccepted(Data(bytes)) { #expect(isFoundations, "\(bytes)") }
        }
    }
}
