// SPDX-License-Identifier: Apache-2.0
// The header of a GGUF file: metadata and tensors, checked against the file's length.

import Foundation
import JSONText

/// The contents of a GGUF header, after every declaration was checked.
struct GGUFHeader {
    /// The tensors in the order of their bytes. Their shapes are reversed to outermost first.
    private(set) var tensors: [StoredTensor] = []
    private(set) var metadata: [String: MetadataValue] = [:]

    static let magic = Array("GGUF".utf8)
    static let mostDimensions = 4

    init(_ file: MappedFile) throws {
        var cursor = GGUFCursor(file)
        let magic = try cursor.integer(UInt32.self)
        guard withUnsafeBytes(of: magic.littleEndian, { $0.elementsEqual(Self.magic) }) else {
            throw InputError(
                file.url, "byte 0", "does not begin with \"GGUF\"",
                remedy: file.isPointer
                    ? "it is a Git LFS pointer: run git lfs pull" : "name a GGUF file")
        }
        let version = try cursor.integer(UInt32.self)
        guard (2...3).contains(version) else {
            throw InputError(
                file.url, "byte 4",
                version & 0xFFFF == 0 && version != 0
                    ? "is big-endian" : "GGUF version \(version) is not supported",
                remedy: "convert it to little-endian GGUF version 3")
        }
        let tensorCount = try cursor.count(of: "tensors", smallest: 24)
        let metadataCount = try cursor.count(of: "metadata entries", smallest: 13)
        for _ in 0..<metadataCount {
            let start = cursor
            let key = try cursor.string()
            guard metadata.updateValue(try cursor.value(), forKey: key) == nil else {
                throw start.error("the metadata key \"\(key)\" occurs twice")
            }
        }
        if let parts = metadata["split.count"]?.integer, parts > 1 {
            throw InputError(
                file.url, "key split.count", "is one of \(parts) parts of a model",
                remedy: "merge them first: llama-gguf-split --merge FIRST-PART OUTPUT.gguf")
        }
        try readTensors(tensorCount, from: &cursor)
    }

    private mutating func readTensors(_ count: Int, from cursor: inout GGUFCursor) throws {
        let alignment = try alignment(in: cursor.file)
        var declared: [(tensor: Declaration, bytes: Int)] = []
        declared.reserveCapacity(count)
        var names: Set<String> = []
        for _ in 0..<count {
            let start = cursor
            let tensor = try Declaration(&cursor)
            guard names.insert(tensor.name).inserted else {
                throw start.error("the tensor \"\(tensor.name)\" occurs twice")
            }
            guard let bytes = tensor.type.byteCount(ofShape: tensor.shape) else {
                throw start.error(
                    "the shape \(tensor.shape) of tensor \"\(tensor.name)\" overflows or is no "
                        + "whole number of \(tensor.type.rawValue) blocks")
            }
            declared.append((tensor, bytes))
        }
        declared.sort { ($0.tensor.offset, $0.bytes) < ($1.tensor.offset, $1.bytes) }

        let file = cursor.file
        let fileSize = cursor.bytes.count
        let dataStart = cursor.position.roundedUp(to: alignment)
        var end = 0
        for (tensor, bytes) in declared {
            let place = "tensor \"\(tensor.name)\""
            let expected = end.roundedUp(to: alignment)
            guard tensor.offset == expected else {
                let problem =
                    tensor.offset.isMultiple(of: UInt64(alignment))
                    ? tensor.offset < expected
                        ? "its bytes overlap those of another tensor"
                        : "unused bytes precede its data"
                    : "its offset \(tensor.offset) is not aligned to \(alignment) bytes"
                throw InputError(file, place, problem)
            }
            guard expected <= fileSize - dataStart, bytes <= fileSize - dataStart - expected
            else {
                throw InputError(
                    file, place,
                    "its \(bytes) bytes at \(dataStart + expected) run past the end of the file",
                    remedy: "the file is cut short: download it again")
            }
            end = expected + bytes
            let start = dataStart + expected
            tensors.append(
                StoredTensor(
                    name: tensor.name, elementType: tensor.type, shape: tensor.shape, file: file,
                    byteRange: start..<start + bytes))
        }
        guard fileSize <= (dataStart + end).roundedUp(to: alignment) else {
            throw InputError(
                file, "byte \(dataStart + end)",
                "\(fileSize - dataStart - end) bytes belong to no tensor")
        }
    }

    private func alignment(in file: URL) throws -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.integer, (1...65536).contains(alignment),
            alignment.nonzeroBitCount == 1
        else {
            throw InputError(
                file, "key general.alignment", "is no power of two up to 65536")
        }
        return alignment
    }
}

/// A tensor as the header lists it, before it is placed in the file.
private struct Declaration {
    let name: String
    let type: StoredElementType
    let shape: [Int]
    let offset: UInt64

    init(_ cursor: inout GGUFCursor) throws {
        let start = cursor
        name = try cursor.string()
        let rank = try cursor.integer(UInt32.self)
        guard rank <= GGUFHeader.mostDimensions else {
            throw start.error(
                "the tensor \"\(name)\" has \(rank) dimensions, more than "
                    + "\(GGUFHeader.mostDimensions)")
        }
        var extents: [Int] = []
        for _ in 0..<rank {
            guard let extent = Int(exactly: try cursor.integer(UInt64.self)) else {
                throw start.error("the shape of tensor \"\(name)\" overflows")
            }
            extents.append(extent)
        }
        shape = extents.reversed()
        let number = try cursor.integer(UInt32.self)
        guard let type = StoredElementType(ggufNumber: number) else {
            throw start.error(
                "the element type \(number) of tensor \"\(name)\" is not supported",
                remedy: "convert the model to one of F32, F16, BF16, "
                    + StoredElementType.allCases.filter(\.isQuantised).map(\.rawValue)
                    .joined(separator: ", "))
        }
        self.type = type
        offset = try cursor.integer(UInt64.self)
    }
}

extension StoredElementType {
    /// Finds the type that GGUF writes as `ggufNumber`; nil when it is not supported.
    fileprivate init?(ggufNumber: UInt32) {
        switch ggufNumber {
        case 0: self = .float32
        case 1: self = .float16
        case 2: self = .q4_0
        case 3: self = .q4_1
        case 6: self = .q5_0
        case 7: self = .q5_1
        case 8: self = .q8_0
        case 10: self = .q2_K
        case 11: self = .q3_K
        case 12: self = .q4_K
        case 13: self = .q5_K
        case 14: self = .q6_K
        case 16: self = .iq2_XXS
        case 17: self = .iq2_XS
        case 18: self = .iq3_XXS
        case 19: self = .iq1_S
        case 20: self = .iq4_NL
        case 21: self = .iq3_S
        case 22: self = .iq2_S
        case 23: self = .iq4_XS
        case 24: self = .int8
        case 25: self = .int16
        case 26: self = .int32
        case 27: self = .int64
        case 28: self = .float64
        case 29: self = .iq1_M
        case 30: self = .bfloat16
        case 34: self = .tq1_0
        case 35: self = .tq2_0
        case 39: self = .mxfp4
        default: return nil
        }
    }
}

extension Int {
    /// Returns the next multiple of a power of two. It cannot overflow: the callers' numbers are
    /// lengths of mapped files.
    fileprivate func roundedUp(to alignment: Int) -> Int {
        (self + alignment - 1) & ~(alignment - 1)
    }
}
