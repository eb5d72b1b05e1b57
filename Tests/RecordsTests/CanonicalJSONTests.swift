// SPDX-License-Identifier: Apache-2.0
// Canonical JSON against the published vectors of RFC 8785.

import Foundation
import JSONText
import Testing

@testable import Records

@Suite struct CanonicalJSONTests {
    func canonical(_ json: String) throws -> String {
        let value = try JSONDecoder().decode(ParameterValue.self, from: Data(json.utf8))
        return String(decoding: try canonicalJSON(value), as: UTF8.self)
    }

    @Test(
        "numbers are written as RFC 8785, appendix B, lists them",
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func numbers(bits: UInt64, text: String) throws {
        #expect(JSON.canonicalNumber(Double(bitPattern: bits)) == text)
        let written = try canonicalJSON([Double(bitPattern: bits)])
        #expect(String(decoding: written, as: UTF8.self) == "[\(text)]")
    }

    @Test("texts and numbers are written as RFC 8785, section 3.2.2, shows")
    func texts() throws {
        let json = #"""
            {"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
             "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [true, false]}
            """#
        let expected =
            #"{"literals":[true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try canonical(json) == expected)
    }

    @Test("keys are sorted by UTF-16 code units, as RFC 8785, section 3.2.3, shows")
    func keys() throws {
        let json = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet",
             "1": "One", "\ud83d\ude00": "Emoji", "\u0080": "Control",
             "\u00f6": "Latin Small Letter O"}
            """#
        let text = try canonical(json)
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
        let places = try order.map { try #require(text.range(of: "\"\($0)")?.lowerBound) }
        #expect(places == places.sorted())
    }

    @Test("64-bit seeds keep every digit, and what is not finite is a text")
    func extremes() throws {
        struct Extremes: Encodable {
            let seed = UInt64.max
            let low = Int64.min
            let values = [Double.infinity, -.infinity, .nan]
        }
        let text = String(decoding: try canonicalJSON(Extremes()), as: UTF8.self)
        #expect(
            text
                == #"{"low":-9223372036854775808,"seed":18446744073709551615,"#
                + #""values":["Infinity","-Infinity","NaN"]}"#)
    }

    @Test("an adversary's content is the same whatever it is called")
    func content() throws {
        let first = AdversarySpecification(
            name: "a", attack: "lora-fine-tuning",
            parameters: ["rank": 16, "learningRate": 5e-4, "targets": ["q_proj", "v_proj"]])
        var second = first
        second.name = "b"
        second.description = "another"
        #expect(try first.canonicalContent() == second.canonicalContent())
        let text = String(decoding: try first.canonicalContent(), as: UTF8.self)
        #expect(
            text
                == #"{"attack":"lora-fine-tuning","parameters":{"learningRate":0.0005,"rank":16,"#
                + #""targets":["q_proj","v_proj"]}}"#)
        second.parameters["rank"] = 8
        #expect(try first.canonicalContent() != second.canonicalContent())
    }

    @Test("parameters survive JSON, nested ones too")
    func parameters() throws {
        let value: ParameterValue = .object([
            "attacks": [
                .object(["attack": "orthogonalisation", "layers": [1, 2.5]]), "then", true,
            ]
        ])
        let data = try RecordJSON.encoder().encode(value)
        #expect(try RecordJSON.decoder().decode(ParameterValue.self, from: data) == value)
        #expect(ParameterValue.number(2.5).integer == nil)
        #expect(ParameterValue.number(16).integer == 16)
    }
}
