// SPDX-License-Identifier: Apache-2.0
// Files damaged at random either open and can be read, or are errors: nothing else happens.

import Checkpoints
import Foundation
import JSONText
import Testing

@Suite struct MutationTests {
    /// SplitMix64: the same damage on every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    /// Numbers and characters that are likely to be believed.
    private static let tempting: [Data] =
        [0, 1, 2, 9, 31, 255, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max].map(littleEndian) + [
            Data("\"".utf8), Data("\\".utf8), Data("{".utf8), Data("}".utf8), Data("[".utf8),
            Data(",".utf8), Data("0".utf8), Data("-".utf8), Data("9999999999999999999".utf8),
            Data("__metadata__".utf8), Data([0xC3]), Data([0xFF, 0xFF, 0xFF, 0xFF]),
        ]

    @Test(
        "a damaged file throws or is read, and never traps",
        arguments: [
            "types.safetensors", "small-floats.safetensors", "blocks.gguf",
            "quantised/gptq-4-order/model.safetensors",
            "quantised/bnb-nf4-nested/model.safetensors",
            "quantised/fp8/model.safetensors", "quantised/ct-packed/model.safetensors",
        ],
        [1, 2] as [UInt64])
    func survives(name: String, seed: UInt64) throws {
        let original = try Data(contentsOf: golden(name))
        // Damage the header, where the promises are made; a GGUF header of all tensors is 2 KB.
        let header = min(original.count, 2200)
        var random = Random(state: seed)
        var opened = 0
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: try golden(name).lastPathComponent)
            try original.write(to: file)
            let configuration = try golden(name).deletingLastPathComponent()
                .appending(path: "config.json")
            if FileManager.default.fileExists(atPath: configuration.path(percentEncoded: false)) {
                try FileManager.default.copyItem(
                    at: configuration, to: directory.appending(path: "config.json"))
            }
            let handle = try FileHandle(forUpdating: file)
            for _ in 0..<1000 {
                var damaged = original
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: 0..<min(header, damaged.count), using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 1: damaged[place] = UInt8.random(in: 0...255, using: &random)
                    case 2:
                        let bait = Self.tempting.randomElement(using: &random) ?? Data()
                        let end = min(place + bait.count, damaged.count)
                        damaged.replaceSubrange(place..<end, with: bait.prefix(end - place))
                    default:
                        let end = min(place + Int.random(in: 0..<40, using: &random), damaged.count)
                        let other = Int.random(in: 0..<header, using: &random)
                        damaged.insert(contentsOf: Array(damaged[place..<end]), at: other)
                    }
                }
                try handle.seek(toOffset: 0)
                try handle.write(contentsOf: damaged)
                try handle.truncate(atOffset: UInt64(damaged.count))
                do {
                    try readEverything(in: Checkpoint(at: file))
                    opened += 1
                } catch let error as InputError {
                    #expect(!error.description.contains { $0.isNewline })
                }
            }
            try handle.close()
        }
        // Some damage is not to be noticed, such as another letter in a name.
        #expect(opened > 0 && opened < 900)
    }
}
