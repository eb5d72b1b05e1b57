// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file: which tensors it holds, checked against the file's length.

import Foundation
import JSONText

/// The contents of a safetensors header, after every declaration was checked.
struct SafetensorsHeader {
    /// The tensors in the order of their bytes.
    private(set) var tensors: [StoredTensor] = []
    private(set) var metadata: [String: MetadataValue] = [:]

    /// The format's own limit on the header's length.
    static let longest = 100_000_000

    init(_ file: MappedFile) throws {
        let bytes = file.bytes
        guard bytes.count >= 8 else {
            throw InputError(
                file.url, nil, "has \(bytes.count) bytes, too few for a safetensors header")
        }
        let declared = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard declared <= bytes.count - 8, declared <= Self.longest else {
            throw InputError(
                file.url, "byte 0",
                "the header's declared length of \(declared) exceeds the file's \(bytes.count) "
                    + "bytes or the format's limit of \(Self.longest)",
                remedy: file.isPointer
                    ? "it is a Git LFS pointer: run git lfs pull"
                    : "the file is cut short or no safetensors file: download it again")
        }
        let dataStart = 8 + Int(declared)
        var scanner = JSONScanner(
            UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]), at: 8,
            file: file.url.path(percentEncoded: false), remedy: InputError.damaged)
        try scanner.object { scanner, key in
            if key == "__metadata__" {
                try scanner.object { scanner, key in
                    metadata[key] = .string(try scanner.string())
                }
            } else {
                tensors.append(
                    try Self.tensor(key, &scanner, data: dataStart..<bytes.count, file.url))
            }
        }
        try scanner.end()
        try checkTiling(of: dataStart..<bytes.count, in: file.url)
    }

    private static func tensor(
        _ name: String, _ scanner: inout JSONScanner, data: Range<Int>, _ file: URL
    ) throws -> StoredTensor {
        let place = "tensor \"\(name)\""
        var type: StoredElementType?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { scanner, key in
            switch key {
            case "dtype":
                let name = try scanner.string()
                type = StoredElementType(rawValue: name)
                guard let type, !type.isQuantised else {
                    throw InputError(
                        file, place, "the dtype \"\(name)\" is not known",
                        remedy: "convert it to F32, F16 or BF16")
                }
            case "shape": shape = try scanner.naturals()
            case "data_offsets": offsets = try scanner.naturals()
            default:
                throw InputError(file, place, "the key \"\(key)\" is not known")
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw InputError(file, place, "dtype, shape or two data_offsets are missing")
        }
        guard offsets[0] <= offsets[1], offsets[1] <= data.count else {
            throw InputError(
                file, place,
                "its data_offsets \(offsets) do not lie within the \(data.count) bytes of data",
                remedy: "the file is cut short or damaged: download it again")
        }
        guard let size = type.byteCount(ofShape: shape), size == offsets[1] - offsets[0] else {
            throw InputError(
                file, place,
                "the shape \(shape) of \(type.rawValue) does not fill its "
                    + "\(offsets[1] - offsets[0]) bytes")
        }
        return StoredTensor(
            name: name, elementType: type, shape: shape, file: file,
            byteRange: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
    }

    /// Checks that the tensors' bytes follow one another without gap or overlap up to the end of
    /// the file.
    private mutating func checkTiling(of data: Range<Int>, in file: URL) throws {
        tensors.sort {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound)
                < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        var end = data.lowerBound
        for tensor in tensors {
            guard tensor.byteRange.lowerBound == end else {
                throw InputError(
                    file, "tensor \"\(tensor.name)\"",
                    tensor.byteRange.lowerBound < end
                        ? "its bytes overlap those of another tensor"
                        : "\(tensor.byteRange.lowerBound - end) unused bytes precede its data")
            }
            end = tensor.byteRange.upperBound
        }
        guard end == data.upperBound else {
            throw InputError(
                file, "byte \(end)", "\(data.upperBound - end) bytes belong to no tensor")
        }
    }
}

extension MappedFile {
    /// Whether the file is only the pointer that Git LFS leaves in place of a file.
    var isPointer: Bool { bytes.starts(with: "version https://git-lfs".utf8) }
}
