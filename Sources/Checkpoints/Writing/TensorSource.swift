// SPDX-License-Identifier: Apache-2.0
// The input of a writer: a tensor's declaration, and its bytes when they are needed.

import Foundation
import JSONText

/// A tensor to be written. Its bytes are asked for only when it is written.
package struct TensorSource {
    /// Receives bytes, in order and in pieces of any size.
    package typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void
    /// Receives values, in order and in pieces of any size.
    package typealias ValueSink = (UnsafeBufferPointer<Float>) throws -> Void

    let name: String
    let elementType: StoredElementType
    let shape: [Int]
    private let content: Content

    private enum Content {
        case bytes((ByteSink) throws -> Void)
        case values((ValueSink) throws -> Void)
    }

    /// Makes a tensor from stored bytes of the caller.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - elementType: How its elements are stored; not a quantised type.
    ///   - shape: Its extents, outermost first.
    ///   - bytes: Passes the bytes, little-endian and row-major, to a sink.
    package init(
        name: String, elementType: StoredElementType, shape: [Int],
        bytes: @escaping (ByteSink) throws -> Void
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.content = .bytes(bytes)
    }

    /// Makes a tensor from fp32 values, which are rounded to nearest (ties to even) if it is stored
    /// in 16 bits.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - shape: Its extents, outermost first.
    ///   - elementType: `float32`, `float16` or `bfloat16`.
    ///   - values: Passes the values, row-major, to a sink.
    package init(
        name: String, shape: [Int], storedAs elementType: StoredElementType,
        values: @escaping (ValueSink) throws -> Void
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.content = .values(values)
    }

    /// Appends the tensor's bytes to a file. Throws if they are not as many as the shape says.
    func write(to file: TemporaryFile, byteCount: Int) throws {
        var delivered = 0
        let sink: ByteSink = { bytes in
            delivered += bytes.count
            if delivered <= byteCount { try file.append(bytes) }
        }
        switch content {
        case .bytes(let source): try source(sink)
        case .values(let source): try source { try encode($0, for: file, to: sink) }
        }
        guard delivered == byteCount else {
            throw InputError(
                file.target, "tensor \"\(name)\"",
                "its source gave \(delivered) bytes where its shape needs \(byteCount)",
                remedy: "this is a fault of the caller")
        }
    }

    /// Rounds values a stretch at a time; a finite value beyond the type's range is an error.
    private func encode(
        _ values: UnsafeBufferPointer<Float>, for file: TemporaryFile, to sink: ByteSink
    ) throws {
        switch elementType {
        case .float32: try sink(UnsafeRawBufferPointer(values))
        case .float16: try round(values, for: file, to: sink) { half(rounding: $0) }
        case .bfloat16: try round(values, for: file, to: sink) { brainHalf(rounding: $0) }
        default:
            throw InputError(
                file.target, "tensor \"\(name)\"",
                "fp32 values cannot be stored as \(elementType.rawValue)",
                remedy: "store them as F32, F16 or BF16")
        }
    }

    private func isInfinite(_ encoded: UInt16) -> Bool {
        let infinity: UInt16 = elementType == .float16 ? 0x7C00 : 0x7F80
        return UInt16(littleEndian: encoded) & 0x7FFF == infinity
    }

    @inline(__always)
    private func round(
        _ values: UnsafeBufferPointer<Float>, for file: TemporaryFile, to sink: ByteSink,
        _ rounded: (Float) -> UInt16
    ) throws {
        let stretch = 1 << 16
        let encoded = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: stretch)
        defer { encoded.deallocate() }
        for start in stride(from: 0, to: values.count, by: stretch) {
            let source = UnsafeBufferPointer(
                rebasing: values[start..<min(start + stretch, values.count)])
            for i in 0..<source.count { encoded[i] = rounded(source[i]).littleEndian }
            let bytes = UnsafeRawBufferPointer(
                UnsafeBufferPointer(rebasing: encoded[..<source.count]))
            // A value that was infinite before may stay so: the caller knows of it or can look for
            // it.
            if elementType.firstNonFinite(in: bytes) != nil,
                let i = source.indices.first(where: {
                    source[$0].isFinite && isInfinite(encoded[$0])
                })
            {
                throw InputError(
                    file.target, "tensor \"\(name)\"",
                    "the value \(source[i]) is beyond the range of \(elementType.rawValue)",
                    remedy: "store it as F32 or BF16")
            }
            try sink(bytes)
        }
    }
}
