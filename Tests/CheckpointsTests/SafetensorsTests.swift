// SPDX-License-Identifier: Apache-2.0
// safetensors headers, shards and directories, and every way to lie about them.

import Checkpoints
import Foundation
import JSONText
import Testing

@Suite struct SafetensorsTests {
    @Test("names, shapes, metadata and order are read as the Python package wrote them")
    func readsHeader() throws {
        let checkpoint = try Checkpoint(at: golden("types.safetensors"))
        #expect(checkpoint.format == .safetensors)
        #expect(checkpoint.metadata == ["format": .string("pt")])
        #expect(checkpoint.names.first == "U64" && checkpoint.names.last == "BOOL")
        #expect(try checkpoint.tensor("quote \" slash \\ tab \t").shape == [1])
        #expect(try checkpoint.float32("名前.é\u{1}") == [2])
        #expect(try checkpoint.tensor("scalar").shape == [])
        #expect(try checkpoint.tensor("empty").shape == [0, 3])
    }

    @Test("a mapped tensor outlives the checkpoint that it came from")
    func keepsMapping() throws {
        let (bytes, owner) = try Checkpoint(at: golden("types.safetensors")).mapped("I8")
        withExtendedLifetime(owner) {
            #expect(Array(bytes) == [0, 7, 14, 21, 28, 35])
        }
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let words: [String]
        let file: Data

        init(_ name: String, _ words: String..., file: Data) {
            testDescription = name
            self.words = words
            self.file = file
        }

        /// A file whose header is `header` and that has 16 bytes of data.
        init(_ name: String, _ words: String..., header: String) {
            testDescription = name
            self.words = words
            self.file = safetensors(header, data: 16)
        }
    }

    private static func tensor(
        _ name: String = "w", _ type: String = "F32", _ shape: String = "[4]",
        _ offsets: String = "[0,16]"
    ) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    static let faults: [Fault] = [
        Fault("an empty file", "is empty", file: Data()),
        Fault("seven bytes", "7 bytes", file: Data(count: 7)),
        Fault(
            "a header longer than the file", "byte 0", "exceeds",
            file: safetensors("{}", declaring: 3)),
        Fault("a header of 2^64 - 1 bytes", "byte 0", file: safetensors("{}", declaring: .max)),
        Fault(
            "a Git LFS pointer", "git lfs pull",
            file: Data("version https://git-lfs.github.com/spec/v1\n".utf8)),
        Fault(
            "a header that is cut short", "byte 23", "does not end",
            file: safetensors("{" + tensor() + "}", data: 16, declaring: 16)),
        Fault("no header", "byte 8", "'{' is expected", file: safetensors("")),
        Fault("an array for a header", "'{' is expected", header: "[]"),
        Fault("text after the header", "follows the end", header: "{\(tensor())} x"),
        Fault("a trailing comma", "is expected", header: "{\(tensor()),}"),
        Fault(
            "a name that is not UTF-8", "UTF-8",
            file: safetensors("{\"", data: 0, declaring: 16) + Data([0xFF, 0xFE])
                + Data("\":{}       }".utf8)),
        Fault(
            "a control character in a name", "control character", header: "{\(tensor("a\u{1}"))}"),
        Fault("half a surrogate pair in a name", "escape", header: "{\(tensor("\\ud800"))}"),
        Fault("an escape that is none", "escape", header: "{\(tensor("\\x"))}"),
        Fault("the same tensor twice", "\"w\" occurs twice", header: "{\(tensor()),\(tensor())}"),
        Fault(
            "the same tensor twice, once escaped", "occurs twice",
            header: "{\(tensor()),\(tensor("\\u0077"))}"),
        Fault(
            "a key of a tensor twice", "\"dtype\" occurs twice",
            header: #"{"w":{"dtype":"F32","dtype":"F16","shape":[4],"data_offsets":[0,16]}}"#),
        Fault("metadata twice", "occurs twice", header: #"{"__metadata__":{},"__metadata__":{}}"#),
        Fault("metadata that is no text", "is expected", header: #"{"__metadata__":{"a":1}}"#),
        Fault("a key that is not known", "\"w\"", "\"extra\"", header: #"{"w":{"extra":1}}"#),
        Fault(
            "no shape", "\"w\"", "missing", header: #"{"w":{"dtype":"F32","data_offsets":[0,16]}}"#),
        Fault(
            "three offsets", "\"w\"", "data_offsets",
            header: "{\(tensor("w", "F32", "[4]", "[0,8,16]"))}"),
        Fault("a dtype that is not known", "\"w\"", "\"F31\"", header: "{\(tensor("w", "F31"))}"),
        Fault(
            "a dtype of the other format", "\"Q4_0\"",
            header: "{\(tensor("w", "Q4_0", "[32]", "[0,18]"))}"),
        Fault("a negative extent", "non-negative", header: "{\(tensor("w", "F32", "[-4]"))}"),
        Fault("an extent with a fraction", "integer", header: "{\(tensor("w", "F32", "[4.0]"))}"),
        Fault("an extent with an exponent", "integer", header: "{\(tensor("w", "F32", "[4e0]"))}"),
        Fault(
            "an extent with a leading zero", "integer", header: "{\(tensor("w", "F32", "[04]"))}"),
        Fault(
            "an extent beyond 63 bits", "63-bit",
            header: "{\(tensor("w", "F32", "[9223372036854775808]"))}"),
        Fault(
            "a shape whose product overflows", "\"w\"", "does not fill",
            header: "{\(tensor("w", "F32", "[4294967296,4294967296]"))}"),
        Fault(
            "a shape whose bytes overflow", "\"w\"", "does not fill",
            header: "{\(tensor("w", "F32", "[4611686018427387904]"))}"),
        Fault(
            "a shape that overflows to nothing", "\"w\"", "does not fill",
            header:
                "{\(tensor("w", "F32", "[9223372036854775807,9223372036854775807,0]", "[0,0]"))}"),
        Fault(
            "a shape of other size", "\"w\"", "does not fill",
            header: "{\(tensor("w", "F32", "[5]"))}"),
        Fault(
            "offsets in reverse", "\"w\"", "data_offsets",
            header: "{\(tensor("w", "F32", "[4]", "[16,0]"))}"),
        Fault(
            "offsets beyond the file", "\"w\"", "16 bytes of data",
            header: "{\(tensor("w", "F32", "[8]", "[0,32]"))}"),
        Fault(
            "tensors that overlap", "overlap",
            header: "{\(tensor()),\(tensor("v", "F32", "[1]", "[8,12]"))}"),
        Fault("two names for the same bytes", "overlap", header: "{\(tensor()),\(tensor("v"))}"),
        Fault(
            "a gap at the beginning", "\"w\"", "8 unused bytes",
            header: "{\(tensor("w", "F32", "[2]", "[8,16]"))}"),
        Fault(
            "a gap in the middle", "\"v\"", "4 unused",
            header:
                "{\(tensor("w", "F32", "[2]", "[0,8]")),\(tensor("v", "F32", "[1]", "[12,16]"))}"),
        Fault(
            "bytes after the last tensor", "8 bytes belong to no tensor",
            header: "{\(tensor("w", "F32", "[2]", "[0,8]"))}"),
        Fault(
            "deep nesting", "is expected",
            header: "{\"w\":" + String(repeating: "[", count: 100_000)),
    ]

    @Test("a lying safetensors file is an error with its place", arguments: faults)
    func refuses(fault: Fault) throws {
        let error = expectFault("w.safetensors") { _ = try open(fault.file, as: "w.safetensors") }
        for word in fault.words {
            #expect(error?.description.contains(word) == true, "\(error as Any) lacks \(word)")
        }
    }

    @Test("the file that the faults are made from is good without them, spaced as one likes")
    func acceptsTheTruth() throws {
        for header in ["{\(Self.tensor())}", " {\n\(Self.tensor())\t}\r\n   "] {
            let file = safetensors(header, data: 16)
            #expect(try open(file, as: "W.SAFETENSORS").float32("w") == [0, 0, 0, 0])
        }
        #expect(try open(safetensors("{}"), as: "w.safetensors").names.isEmpty)
    }

    @Test("an error stays on one line whatever the file calls its tensors")
    func keepsToOneLine() throws {
        let name = #"a\nb\u2028c\u202Ed\r\u001b[31m"#
        let file = safetensors("{\(Self.tensor(name, "F31"))}", data: 16)
        let error = expectFault("F31") { _ = try open(file, as: "w.safetensors") }
        #expect(error?.description.contains(#"a\u{a}b\u{2028}c\u{202e}d\u{d}\u{1b}[31m"#) == true)
    }

    @Test("a file cut short anywhere is an error")
    func refusesTruncation() throws {
        let size = try Data(contentsOf: golden("types.safetensors")).count
        try withCuts(of: golden("types.safetensors"), to: (0..<size).reversed()) { file, _ in
            expectFault("types.safetensors") { _ = try Checkpoint(at: file) }
        }
    }

    @Test("a header of 20,000 tensors is read without delay")
    func readsManyTensors() throws {
        let members = (0..<20_000).map { number in
            Self.tensor(
                "model.layers.\(number).weight", "F32", "[2,1]", "[\(8 * number),\(8 * number + 8)]"
            )
        }
        let file = safetensors("{\(members.joined(separator: ","))}", data: 160_000)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try open(file, as: "w.safetensors").tensors.count == 20_000)
        let duration = clock.now - start
        // Generous, for a debug build on a busy machine: quadratic work would take minutes.
        #expect(duration < .seconds(20))
    }
}
