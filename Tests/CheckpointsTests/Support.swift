// SPDX-License-Identifier: Apache-2.0
// What the tests share: goldens, files made by hand, and comparisons.

import Checkpoints
import Foundation
import JSONText
import Testing

/// A golden made by a script in `Goldens/`.
func golden(_ name: String) throws -> URL {
    let folder = try #require(Bundle.module.resourceURL)
    return folder.appending(path: "Goldens").appending(path: name)
}

/// Calls `body` with a new directory that is removed afterwards.
func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let directory = FileManager.default.temporaryDirectory
        .appending(path: "checkpoints-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory)
}

/// A safetensors file with the given header and data; the length may be made to lie.
func safetensors(_ header: String, data: Int = 0, declaring length: UInt64? = nil) -> Data {
    let json = Data(header.utf8)
    return littleEndian(length ?? UInt64(json.count)) + json + Data(count: data)
}

/// An integer's bytes as both formats store them.
func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
}

/// A GGUF file put together by hand, truthful unless told otherwise.
struct GGUFBytes {
    var magic = Data("GGUF".utf8)
    var version: UInt32 = 3
    var metadata: [Data] = []
    var tensors: [Data] = []
    var tensorCount: UInt64?
    var metadataCount: UInt64?
    var alignment = 32
    var data = 0

    static func string(_ text: String) -> Data {
        littleEndian(UInt64(text.utf8.count)) + Data(text.utf8)
    }

    static func entry(_ key: String, type: UInt32, _ value: Data) -> Data {
        string(key) + littleEndian(type) + value
    }

    static func tensor(
        _ name: String, _ extents: [UInt64], type: UInt32 = 0, offset: UInt64 = 0
    ) -> Data {
        string(name) + littleEndian(UInt32(extents.count))
            + extents.reduce(Data()) { $0 + littleEndian($1) } + littleEndian(type)
            + littleEndian(offset)
    }

    var file: Data {
        var file = magic + littleEndian(version)
        file += littleEndian(tensorCount ?? UInt64(tensors.count))
        file += littleEndian(metadataCount ?? UInt64(metadata.count))
        for part in metadata + tensors { file += part }
        if data > 0 {
            file += Data(count: (alignment - file.count % alignment) % alignment + data)
        }
        return file
    }
}

/// Opens the bytes as a file of the given name.
func open(_ bytes: Data, as name: String) throws -> Checkpoint {
    try withTemporaryDirectory { directory in
        let file = directory.appending(path: name)
        try bytes.write(to: file)
        return try Checkpoint(at: file)
    }
}

/// Calls `body` with a copy of a file that is cut to one length after another, longest first.
func withCuts(
    of source: URL, to lengths: [Int], _ body: (_ file: URL, _ length: Int) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let file = directory.appending(path: source.lastPathComponent)
        try FileManager.default.copyItem(at: source, to: file)
        let handle = try FileHandle(forWritingTo: file)
        for length in lengths {
            try handle.truncate(atOffset: UInt64(length))
            try body(file, length)
        }
        try handle.close()
    }
}

/// Reads every tensor in every way that there is; throws only where a type has no values.
func readEverything(in checkpoint: Checkpoint) throws {
    for name in checkpoint.names {
        _ = try checkpoint.withBytes(of: name) { $0.reduce(0) { $0 &+ Int($1) } }
        _ = try checkpoint.firstNonFinite(in: name)
        _ = try? checkpoint.float32(name)
    }
}

/// The fault that `body` must throw: one line that names the file and a remedy.
@discardableResult
func expectFault(
    _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> InputError? {
    do {
        try body()
    } catch let error as InputError {
        let text = error.description
        #expect(
            !text.contains { $0.isNewline } && !error.place.isEmpty && !error.remedy.isEmpty,
            "\(text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(text.contains(word), "\(text)", sourceLocation: sourceLocation)
        }
        return error
    } catch {
        Issue.record("threw \(error)", sourceLocation: sourceLocation)
        return nil
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
}

/// Compares to the bit, except that any NaN equals any other.
func expectEqualBits(
    _ values: [Float], _ expected: [Float], _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == expected.count, "\(name)", sourceLocation: sourceLocation)
    let wrong = zip(values, expected).enumerated().first { _, pair in
        pair.0.bitPattern != pair.1.bitPattern && !(pair.0.isNaN && pair.1.isNaN)
    }
    if let (index, pair) = wrong {
        Issue.record(
            "\(name)[\(index)] is \(pair.0), not \(pair.1)", sourceLocation: sourceLocation)
    }
}

/// Expects that a directory holds nothing.
func expectEmpty(
    _ directory: URL, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let names = try FileManager.default.contentsOfDirectory(
        atPath: directory.path(percentEncoded: false))
    #expect(names == [], sourceLocation: sourceLocation)
}
