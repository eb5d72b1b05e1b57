// SPDX-License-Identifier: Apache-2.0
// GGUF headers: metadata of every type, shapes, versions, and every way to lie about them.

import Checkpoints
import Foundation
import JSONText
import Testing

@Suite struct GGUFTests {
    @Test("metadata of every type is read as the gguf package wrote it")
    func readsMetadata() throws {
        let metadata = try Checkpoint(at: golden("blocks.gguf")).metadata
        let expected: [String: MetadataValue] = [
            "general.architecture": .string("golden"),
            "scalar.uint8": .integer(255), "scalar.int8": .integer(-128),
            "scalar.uint16": .integer(65535), "scalar.int16": .integer(-32768),
            "scalar.uint32": .integer(4_294_967_295), "scalar.int32": .integer(-2_147_483_648),
            "scalar.float32": .floatingPoint(Double(Float(0.1))), "scalar.bool": .boolean(true),
            "scalar.string": .string("naïve 🙂"), "scalar.uint64": .unsigned(.max),
            "scalar.int64": .integer(.min), "scalar.float64": .floatingPoint(0.1),
            "array.string": .strings(["", "a", "Ġthe", "<0x00>"]),
            "array.int32": .integers([-1, 0, 2_147_483_647]), "array.uint8": .integers([0, 255]),
            "array.uint64": .array([.integer(1), .unsigned(.max)]),
            "array.float32": .floatingPoints([0.5, -1]), "array.bool": .booleans([true, false]),
        ]
        for (key, value) in expected { #expect(metadata[key] == value, "\(key)") }
        #expect(metadata.count == expected.count)
    }

    @Test("required metadata says which key is missing or of the wrong kind")
    func requiresMetadata() throws {
        let checkpoint = try Checkpoint(at: golden("blocks.gguf"))
        #expect(try checkpoint.requiredMetadata("scalar.uint8", as: \.integer) == 255)
        #expect(try checkpoint.requiredMetadata("scalar.uint8", as: \.floatingPoint) == 255)
        expectFault("blocks.gguf", "key scalar.bool", "a boolean") {
            _ = try checkpoint.requiredMetadata("scalar.bool", as: \.integer)
        }
        expectFault("key nowhere", "missing") {
            _ = try checkpoint.requiredMetadata("nowhere", as: \.string)
        }
    }

    @Test("shapes are outermost first, versions 2 and 3 are alike, arrays nest")
    func readsShapes() throws {
        var bytes = GGUFBytes()
        bytes.metadata = [
            GGUFBytes.entry(
                "nested", type: 9,
                littleEndian(UInt32(9)) + littleEndian(UInt64(2)) + littleEndian(UInt32(0))
                    + littleEndian(UInt64(1)) + Data([7]) + littleEndian(UInt32(8))
                    + littleEndian(UInt64(0)))
        ]
        bytes.tensors = [
            GGUFBytes.tensor("b", [3, 2], offset: 32), GGUFBytes.tensor("a", [], offset: 0),
            GGUFBytes.tensor("none", [0, 5], offset: 64),
        ]
        bytes.data = 64
        for version in [2, 3] as [UInt32] {
            bytes.version = version
            let checkpoint = try open(bytes.file, as: "model.gguf")
            #expect(checkpoint.format == .gguf && checkpoint.directory == nil)
            #expect(checkpoint.names == ["a", "b", "none"])
            #expect(try checkpoint.tensor("b").shape == [2, 3])
            #expect(try checkpoint.tensor("a").shape == [])
            #expect(try checkpoint.float32("b").count == 6)
            #expect(try checkpoint.float32("none") == [])
            #expect(
                checkpoint.metadata["nested"] == .array([.integers([7]), .strings([])]))
        }
    }

    @Test("the alignment that a file declares is kept to")
    func keepsAlignment() throws {
        var bytes = GGUFBytes()
        bytes.metadata = [
            GGUFBytes.entry("general.alignment", type: 4, littleEndian(UInt32(64)))
        ]
        bytes.tensors = [
            GGUFBytes.tensor("a", [4]), GGUFBytes.tensor("b", [4], offset: 64),
        ]
        bytes.alignment = 64
        bytes.data = 80
        #expect(try open(bytes.file, as: "model.gguf").tensor("b").byteRange.lowerBound % 64 == 0)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let name: String
        let words: [String]
        let file: Data
        var testDescription: String { name }

        init(_ name: String, _ words: String..., make: (inout GGUFBytes) -> Void) {
            var bytes = GGUFBytes()
            bytes.tensors = [GGUFBytes.tensor("w", [4])]
            bytes.data = 16
            make(&bytes)
            self.name = name
            self.words = words
            self.file = bytes.file
        }
    }

    static let faults: [Fault] = [
        Fault("another magic", "byte 0") { $0.magic = Data("GGML".utf8) },
        Fault("a Git LFS pointer", "git lfs pull") {
            $0.magic = Data("version https://git-lfs.github.com/spec/v1".utf8)
        },
        Fault("version 1", "byte 4", "version 1") { $0.version = 1 },
        Fault("version 4", "byte 4", "version 4") { $0.version = 4 },
        Fault("big-endian", "byte 4", "big-endian") { $0.version = 3 << 24 },
        Fault("more tensors than fit", "byte 8", "tensors") { $0.tensorCount = .max },
        Fault("one tensor too many", "byte") {
            $0.tensorCount = 2; $0.data = 4
        },
        Fault("more metadata than fits", "byte 16", "metadata") { $0.metadataCount = .max / 13 },
        Fault("a metadata type that is not known", "type 13") {
            $0.metadata = [GGUFBytes.entry("k", type: 13, Data(count: 8))]
        },
        Fault("a boolean of 2", "boolean is 2") {
            $0.metadata = [GGUFBytes.entry("k", type: 7, Data([2]))]
        },
        Fault("the same key twice", "\"k\" occurs twice") {
            $0.metadata = Array(repeating: GGUFBytes.entry("k", type: 0, Data([1])), count: 2)
        },
        Fault("a string longer than the file", "string") {
            $0.metadata = [GGUFBytes.entry("k", type: 8, littleEndian(UInt64.max))]
        },
        Fault("a key that is not UTF-8", "UTF-8") {
            $0.metadata = [littleEndian(UInt64(2)) + Data([0xC3, 0x28]) + Data(count: 16)]
        },
        Fault("an array longer than the file", "array elements") {
            $0.metadata = [
                GGUFBytes.entry(
                    "k", type: 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 60))
            ]
        },
        Fault("arrays nested without end", "nested") {
            let level = littleEndian(UInt32(9)) + littleEndian(UInt64(1))
            $0.metadata = [
                GGUFBytes.entry("k", type: 9, (0..<9).reduce(Data()) { data, _ in data + level })
            ]
        },
        Fault("an alignment of 24", "general.alignment") {
            $0.metadata = [GGUFBytes.entry("general.alignment", type: 4, littleEndian(UInt32(24)))]
        },
        Fault("an alignment of 0", "general.alignment") {
            $0.metadata = [GGUFBytes.entry("general.alignment", type: 4, littleEndian(UInt32(0)))]
        },
        Fault("an alignment that is text", "general.alignment") {
            $0.metadata = [GGUFBytes.entry("general.alignment", type: 8, GGUFBytes.string("32"))]
        },
        Fault("one part of several", "split.count", "llama-gguf-split") {
            $0.metadata = [GGUFBytes.entry("split.count", type: 2, littleEndian(UInt16(3)))]
        },
        Fault("an element type that is not supported", "\"w\"", "type 4 ", "Q4_K", "IQ2_XXS") {
            $0.tensors = [GGUFBytes.tensor("w", [256], type: 4)]
        },
        Fault("five dimensions", "\"w\"", "5 dimensions") {
            $0.tensors = [GGUFBytes.tensor("w", [1, 1, 1, 1, 4])]
        },
        Fault("a billion dimensions", "\"w\"", "dimensions") {
            $0.tensors = [GGUFBytes.string("w") + littleEndian(UInt32.max) + Data(count: 64)]
        },
        Fault("an extent beyond 63 bits", "\"w\"", "overflows") {
            $0.tensors = [GGUFBytes.tensor("w", [.max])]
        },
        Fault("a shape whose product overflows", "\"w\"", "overflows") {
            $0.tensors = [GGUFBytes.tensor("w", [1 << 32, 1 << 32])]
        },
        Fault("a shape whose bytes overflow", "\"w\"", "overflows") {
            $0.tensors = [GGUFBytes.tensor("w", [1 << 61, 2])]
        },
        Fault("a row that is no whole number of blocks", "\"w\"", "Q4_0") {
            $0.tensors = [GGUFBytes.tensor("w", [16, 2], type: 2)]
        },
        Fault("an offset that is not aligned", "\"w\"", "not aligned") {
            $0.tensors = [GGUFBytes.tensor("w", [4], offset: 8)]
        },
        Fault("an offset near the end of numbers", "\"w\"") {
            $0.tensors = [GGUFBytes.tensor("w", [4], offset: .max - 31)]
        },
        Fault("the same tensor twice", "\"w\" occurs twice") {
            $0.tensors.append(GGUFBytes.tensor("w", [4], offset: 32))
            $0.data = 48
        },
        Fault("tensors that overlap", "overlap") {
            $0.tensors.append(GGUFBytes.tensor("v", [4]))
        },
        Fault("a gap between tensors", "\"v\"", "unused bytes") {
            $0.tensors.append(GGUFBytes.tensor("v", [4], offset: 64))
            $0.data = 80
        },
        Fault("data that runs past the end", "\"w\"", "past the end") { $0.data = 12 },
        Fault("bytes after the last tensor", "belong to no tensor") { $0.data = 64 },
        Fault("an empty file", "empty") {
            $0.magic = Data(); $0.tensors = []; $0.data = 0
        },
    ]

    @Test("a lying GGUF file is an error with its place", arguments: faults)
    func refuses(fault: Fault) throws {
        let file = fault.name == "an empty file" ? Data() : fault.file
        let error = expectFault("model.gguf") { _ = try open(file, as: "model.gguf") }
        for word in fault.words {
            #expect(error?.description.contains(word) == true, "\(error as Any) lacks \(word)")
        }
    }

    @Test("the file that the faults are made from is good without them")
    func acceptsTheTruth() throws {
        let truth = Fault("none") { _ in }
        #expect(try open(truth.file, as: "model.gguf").float32("w") == [0, 0, 0, 0])
    }

    @Test("a file cut short anywhere is an error")
    func refusesTruncation() throws {
        // The last tensor's padding belongs to nothing and may be missing.
        let end =
            try Checkpoint(at: golden("blocks.gguf")).tensors.values
            .map(\.byteRange.upperBound).max() ?? 0
        let short = Array(0..<2500) + Array(stride(from: 2500, to: end, by: 97)) + [end - 1]
        try withCuts(of: golden("blocks.gguf"), to: [end] + short.reversed()) { file, length in
            if length == end {
                #expect(throws: Never.self) { try Checkpoint(at: file) }
            } else {
                expectFault("blocks.gguf") { _ = try Checkpoint(at: file) }
            }
        }
    }
}
