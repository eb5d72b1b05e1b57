// SPDX-License-Identifier: Apache-2.0
// Written checkpoints are what the Python package writes, whole or not there at all.

import Checkpoints
import Foundation
import JSONText
import Testing

@Suite struct WriterTests {
    /// The tensors of a checkpoint, to be written again as they are.
    private func sources(_ checkpoint: Checkpoint) throws -> [TensorSource] {
        try checkpoint.names.shuffled().map { name in
            let tensor = try checkpoint.tensor(name)
            return TensorSource(name: name, elementType: tensor.elementType, shape: tensor.shape) {
                sink in
                try checkpoint.withBytes(of: name) { bytes in
                    // In two pieces, as a source may.
                    try sink(UnsafeRawBufferPointer(rebasing: bytes.prefix(3)))
                    try sink(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(3)))
                }
            }
        }
    }

    private func values(
        _ name: String, _ values: [Float], as type: StoredElementType = .float32
    ) -> TensorSource {
        TensorSource(name: name, shape: [values.count], storedAs: type) { sink in
            try values.withUnsafeBufferPointer(sink)
        }
    }

    private func names(in directory: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: directory.path(percentEncoded: false)
        ).sorted()
    }

    @Test(
        "a written file equals the Python package's to the byte",
        arguments: ["types", "types-values", "rounding", "blocks-values", "small-floats"])
    func writesTheSameBytes(name: String) throws {
        let original = try golden("\(name).safetensors")
        let checkpoint = try Checkpoint(at: original)
        try withTemporaryDirectory { directory in
            var writer = SafetensorsWriter()
            writer.metadata = checkpoint.metadata.compactMapValues(\.string)
            let files = try writer.write(sources(checkpoint), to: directory)
            #expect(files == [directory.appending(path: "model.safetensors")])
            #expect(try Data(contentsOf: files[0]) == Data(contentsOf: original))
            #expect(try names(in: directory) == ["model.safetensors"])
        }
    }

    @Test(
        "fp32 is rounded to 16 bits as numpy and torch round it",
        arguments: [StoredElementType.float16, .bfloat16])
    func rounds(type: StoredElementType) throws {
        let rounding = try Checkpoint(at: golden("rounding.safetensors"))
        let source = try rounding.float32("source")
        let expected = try rounding.float32(type.rawValue)
        let fitting = source.indices.filter { !source[$0].isFinite || expected[$0].isFinite }
        #expect(fitting.count > 900 && fitting.count < source.count)
        try withTemporaryDirectory { directory in
            let tensor = values("w", fitting.map { source[$0] }, as: type)
            try SafetensorsWriter().write([tensor], to: directory)
            let written = try Checkpoint(at: directory)
            #expect(try written.tensor("w").elementType == type)
            try expectEqualBits(written.float32("w"), fitting.map { expected[$0] }, type.rawValue)
        }
        for index in source.indices where source[index].isFinite && !expected[index].isFinite {
            try withTemporaryDirectory { directory in
                expectFault("tensor \"w\"", "beyond the range") {
                    let tensor = values("w", [1, source[index]], as: type)
                    try SafetensorsWriter().write([tensor], to: directory)
                }
                try expectEmpty(directory)
            }
        }
    }

    @Test("infinities and NaN are written as what they are")
    func keepsNonFinite() throws {
        for type in [StoredElementType.float32, .float16, .bfloat16] {
            try withTemporaryDirectory { directory in
                let special: [Float] = [.infinity, -.infinity, .nan, -0.0]
                try SafetensorsWriter().write([values("w", special, as: type)], to: directory)
                try expectEqualBits(Checkpoint(at: directory).float32("w"), special, "w")
            }
        }
    }

    @Test("every tensor starts at a multiple of its element's size, the data at one of 8")
    func aligns() throws {
        try withTemporaryDirectory { directory in
            let checkpoint = try Checkpoint(at: golden("types.safetensors"))
            try SafetensorsWriter().write(sources(checkpoint), to: directory)
            let written = try Checkpoint(at: directory)
            for tensor in written.tensors.values {
                let size = tensor.elementType.block.bytes
                #expect(tensor.byteRange.lowerBound.isMultiple(of: size), "\(tensor.name)")
            }
            let start = written.tensors.values.map(\.byteRange.lowerBound).min()
            #expect(start?.isMultiple(of: 8) == true)
        }
    }

    @Test("shards are filled to their size and found through the index")
    func shards() throws {
        try withTemporaryDirectory { directory in
            var writer = SafetensorsWriter()
            writer.shardSize = 40
            let tensors = ["e", "d", "c", "b", "a"].map { values($0, [1, 2, 3, 4]) }
            let large = values("large", Array(repeating: 7, count: 100))
            let files = try writer.write(tensors + [large], to: directory)
            #expect(
                files.map(\.lastPathComponent) == [
                    "model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors",
                    "model-00003-of-00004.safetensors", "model-00004-of-00004.safetensors",
                    "model.safetensors.index.json",
                ])
            let checkpoint = try Checkpoint(at: directory)
            #expect(checkpoint.names == ["a", "b", "c", "d", "e", "large"])
            #expect(try checkpoint.float32("e") == [1, 2, 3, 4])
            #expect(try checkpoint.tensor("large").file.lastPathComponent.contains("00004-of"))
            let index = try JSONDecoder().decode(Index.self, from: Data(contentsOf: files[4]))
            #expect(index.metadata.total_size == 480)
            #expect(index.weight_map.count == 6)
        }
    }

    private struct Index: Decodable {
        struct Metadata: Decodable { let total_size: Int }
        let metadata: Metadata
        let weight_map: [String: String]
    }

    @Test("a checkpoint is written over one with the same names, and not beside another")
    func replaces() throws {
        try withTemporaryDirectory { directory in
            try SafetensorsWriter().write([values("w", [1])], to: directory)
            try SafetensorsWriter().write([values("w", [2])], to: directory)
            #expect(try Checkpoint(at: directory).float32("w") == [2])
            var writer = SafetensorsWriter()
            writer.shardSize = 4
            expectFault("other weights, model.safetensors") {
                try writer.write([values("v", [1]), values("w", [1])], to: directory)
            }
            #expect(try names(in: directory) == ["model.safetensors"])
        }
    }

    private struct Interruption: Error {}

    @Test("a source that fails, or gives too little or too much, leaves nothing behind")
    func leavesNothingBehind() throws {
        try withTemporaryDirectory { directory in
            let good = values("a", [1, 2])
            let failing = TensorSource(name: "b", elementType: .float32, shape: [2]) { _ in
                throw Interruption()
            }
            var writer = SafetensorsWriter()
            for shardSize in [8, 1000] {
                writer.shardSize = shardSize
                #expect(throws: Interruption.self) {
                    try writer.write([good, failing], to: directory)
                }
                for count in [0, 7, 9, 16] {
                    let lying = TensorSource(name: "b", elementType: .float32, shape: [2]) { sink in
                        try [UInt8](repeating: 0, count: count).withUnsafeBytes(sink)
                    }
                    expectFault("tensor \"b\"", "gave \(count) bytes") {
                        try writer.write([good, lying], to: directory)
                    }
                }
                try expectEmpty(directory)
            }
        }
    }

    @Test("what cannot be stored is refused before a file is made")
    func refusesTensors() throws {
        try withTemporaryDirectory { directory in
            let huge = TensorSource(name: "w", elementType: .uint8, shape: [1 << 62]) { _ in }
            expectFault("bytes free") { try SafetensorsWriter().write([huge], to: directory) }
            expectFault("\"v\"", "cannot be stored") {
                let more = TensorSource(name: "v", elementType: .uint8, shape: [1 << 62]) { _ in }
                try SafetensorsWriter().write([huge, more], to: directory)
            }
            expectFault("name is already taken") {
                try SafetensorsWriter().write([values("w", [1]), values("w", [1])], to: directory)
            }
            expectFault("Q4_0") {
                let block = TensorSource(name: "w", elementType: .q4_0, shape: [32]) { _ in }
                try SafetensorsWriter().write([block], to: directory)
            }
            expectFault("cannot be stored as I8") {
                try SafetensorsWriter().write([values("w", [1], as: .int8)], to: directory)
            }
            try expectEmpty(directory)
            expectFault("nowhere", "create it") {
                try SafetensorsWriter().write([], to: directory.appending(path: "nowhere"))
            }
        }
    }

    @Test("a directory that cannot be written to is an error that names it")
    func refusesDirectory() throws {
        // Not even root may write there.
        let directory = URL(filePath: "/proc/self")
        guard FileManager.default.fileExists(atPath: "/proc/self/status") else { return }
        expectFault("/proc/self/model.safetensors", "cannot create it") {
            var writer = SafetensorsWriter()
            writer.metadata = [:]
            try writer.write([values("w", [])], to: directory)
        }
    }

    #if os(Linux)
        @Test("a medium that fills up half way is an error, and nothing is left on it")
        func survivesFullDisk() async {
            await #expect(processExitsWith: .success) {
                // A limit on the size of files makes write(2) fail as a full disk does.
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 3_000_000, rlim_max: 3_000_000)
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                try withTemporaryDirectory { directory in
                    let megabyte = [Float](repeating: 1, count: 250_000)
                    let tensors = ["a", "b", "c", "d"].map { name in
                        TensorSource(name: name, shape: [megabyte.count], storedAs: .float32) {
                            try megabyte.withUnsafeBufferPointer($0)
                        }
                    }
                    let error = #expect(throws: InputError.self) {
                        try SafetensorsWriter().write(tensors, to: directory)
                    }
                    #expect(error?.remedy.contains("free some space") == true)
                    try expectEmpty(directory)
                }
            }
        }
    #endif
}
