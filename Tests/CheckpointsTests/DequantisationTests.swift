// SPDX-License-Identifier: Apache-2.0
// Stored elements become the fp32 values that the reference implementations compute.

import Checkpoints
import Foundation
import Testing

@Suite struct DequantisationTests {
    static let blockTypes: [StoredElementType] = StoredElementType.allCases.filter(\.isQuantised)
    static let plainTypes: [StoredElementType] = [
        .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8,
    ]

    @Test(
        "GGUF blocks decode to the bits that the gguf package gives",
        arguments: blockTypes + plainTypes)
    func decodesGGUF(type: StoredElementType) throws {
        let blocks = try Checkpoint(at: golden("blocks.gguf"))
        let values = try Checkpoint(at: golden("blocks-values.safetensors"))
        let name = type.rawValue
        #expect(try blocks.tensor(name).elementType == type)
        #expect(try blocks.tensor(name).shape == values.tensor(name).shape)
        try expectEqualBits(blocks.float32(name), values.float32(name), name)
    }

    @Test("safetensors elements decode to the values that torch gives")
    func decodesSafetensors() throws {
        let types = try Checkpoint(at: golden("types.safetensors"))
        let values = try Checkpoint(at: golden("types-values.safetensors"))
        #expect(types.tensors.count == 17)
        for name in types.names {
            #expect(try types.tensor(name).shape == values.tensor(name).shape)
            try expectEqualBits(types.float32(name), values.float32(name), name)
        }
    }

    @Test(
        "the first element that is not finite is found without decoding",
        arguments: blockTypes + plainTypes)
    func findsNonFinite(type: StoredElementType) throws {
        let blocks = try Checkpoint(at: golden("blocks.gguf"))
        let name = type.rawValue
        let expected = try blocks.float32(name).firstIndex { !$0.isFinite }
        #expect(try blocks.firstNonFinite(in: name) == expected)
        #expect((expected != nil) == (type.isQuantised || type == .float16 || type == .bfloat16))
    }

    @Test(
        "an infinity or NaN is found anywhere in a long tensor", arguments: [0, 1023, 1024, 4999])
    func findsNonFiniteAnywhere(index: Int) throws {
        for value in [Float.infinity, -.infinity, .nan, .signalingNaN] {
            var bytes = safetensors(
                #"{"w":{"dtype":"F32","shape":[5000],"data_offsets":[0,20000]}}"#, data: 20000)
            let start = bytes.count - 20000 + 4 * index
            bytes.replaceSubrange(start..<start + 4, with: littleEndian(value.bitPattern))
            #expect(try open(bytes, as: "w.safetensors").firstNonFinite(in: "w") == index)
        }
    }

    @Test(
        "every 8-bit float has the value that torch gives, and the others are found",
        arguments: ["F8_E4M3", "F8_E5M2", "F8_E8M0"])
    func decodesSmallFloats(name: String) throws {
        let codes = try Checkpoint(at: golden("small-floats.safetensors"))
        let values = try Checkpoint(at: golden("small-floats-values.safetensors"))
        try expectEqualBits(codes.float32(name), values.float32(name), name)
        #expect(
            try codes.firstNonFinite(in: name)
                == values.float32(name).firstIndex { !$0.isFinite })
    }

    @Test("a buffer of another size and an unknown name are refused")
    func refusesMisuse() throws {
        let checkpoint = try Checkpoint(at: golden("types.safetensors"))
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 5)
        defer { buffer.deallocate() }
        expectFault("6 elements", "5") { try checkpoint.dequantise("F32", into: buffer) }
        expectFault("tensor \"none\"", "17 tensors") { _ = try checkpoint.float32("none") }
    }
}
