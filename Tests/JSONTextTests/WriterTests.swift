// SPDX-License-Identifier: Apache-2.0
// What is written reads back as the same value, and equal values are equal bytes.

import Foundation
import Testing

@testable import JSONText

@Suite("JSON writer")
struct WriterTests {
    static let value = JSON.members([
        "z": .array([.integer(-1), .unsigned(.max), .number(0.5), .null, .boolean(true)]),
        "a": .members(["é\n": .string("\"\\\u{1}\u{7F}/")]), "e": .array([]), "o": .object([]),
    ])

    @Test("a value is written on one line or indented")
    func layouts() {
        #expect(
            Self.value.text()
                == #"{"z":[-1,18446744073709551615,0.5,null,true],"#
                + "\"a\":{\"é\\n\":\"\\\"\\\\\\u0001\u{7F}/\"},\"e\":[],\"o\":{}}")
        #expect(
            Self.value.text(.indented) == """
                {
                  "z": [
                    -1,
                    18446744073709551615,
                    0.5,
                    null,
                    true
                  ],
                  "a": {
                    "é\\n": "\\"\\\\\\u0001\u{7F}/"
                  },
                  "e": [],
                  "o": {}
                }
                """)
    }

    @Test("the canonical form sorts keys by UTF-16 code units, at every level")
    func canonical() {
        let value = JSON.members([
            "\u{20AC}": .integer(1), "\u{FB33}": .integer(2), "😀": .integer(3), "a": .number(1e21),
            "\u{E9}": .members(["b": .number(100), "B": .number(1e-7), "": .number(-0.0)]),
        ])
        #expect(
            value.text(.canonical)
                == "{\"a\":1e+21,\"é\":{\"\":0,\"B\":1e-7,\"b\":100},\"€\":1,\"😀\":3,\"\u{FB33}\":2}"
        )
    }

    @Test(
        "what is written reads back and is written alike",
        arguments: [JSON.Layout.compact, .indented, .canonical])
    func roundTrip(layout: JSON.Layout) throws {
        let data = Self.value.data(layout)
        #expect(try JSON(data, file: "x").data(layout) == data)
        let other = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(other?.count == 4)
        #expect((other?["a"] as? [String: String]) == ["é\n": "\"\\\u{1}\u{7F}/"])
    }

    @Test("every number reads back as itself")
    func numbers() throws {
        var random = SystemRandomNumberGenerator()
        for layout in [JSON.Layout.compact, .canonical] {
            for _ in 0..<2_000 {
                let number = Double(bitPattern: random.next())
                guard number.isFinite else { continue }
                let text = JSON.number(number).text(layout)
                #expect(Double(text) == number)
                #expect(throws: Never.self) { try JSON(Data(text.utf8), file: "x") }
            }
        }
    }

    @Test("every character reads back as itself")
    func characters() throws {
        for value in (0...0x10FFFF as ClosedRange<UInt32>) where value < 0x3000 || value % 997 == 0
        {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(scalar)b"
            guard case .string(let again) = try JSON(Data(JSON.literal(text).utf8), file: "x")
            else {
                Issue.record("\(value) is not read back")
                continue
            }
            #expect(Array(again.utf8) == Array(text.utf8))
        }
        #expect(JSON.literal("\u{8}\t\n\u{C}\r\u{0}\u{1F}") == #""\b\t\n\f\r\u0000\u001f""#)
    }

    @Test("bytes are written in lowercase hexadecimal digits")
    func hexadecimal() {
        #expect([0, 1, 0x0F, 0x10, 0xAB, 0xFF].hexadecimal == "00010f10abff")
        #expect([UInt8]().hexadecimal.isEmpty)
    }
}
