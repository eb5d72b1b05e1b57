// SPDX-License-Identifier: Apache-2.0
// Converts stored elements of any type to fp32, and finds elements that are not finite.

import Foundation

extension StoredElementType {
    /// Writes the fp32 values of stored elements.
    ///
    /// - Parameters:
    ///   - bytes: Whole blocks of this type.
    ///   - target: As many elements as the blocks hold.
    func decode(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>) {
        let blocks = bytes.count / block.bytes
        guard let raw = bytes.baseAddress, let values = target.baseAddress, blocks > 0 else {
            return
        }
        precondition(target.count == blocks * block.elements)
        let source = raw.assumingMemoryBound(to: UInt8.self)
        switch self {
        case .float32: memcpy(values, raw, bytes.count)
        case .float64:
            convert(raw, to: values, blocks) { Float(Double(bitPattern: $0)) }
        case .float16: convert(raw, to: values, blocks) { float(half: $0) }
        case .bfloat16:
            convert(raw, to: values, blocks) { (bits: UInt16) in
                Float(bitPattern: UInt32(bits) << 16)
            }
        case .int64: convert(raw, to: values, blocks) { (value: Int64) in Float(value) }
        case .int32: convert(raw, to: values, blocks) { (value: Int32) in Float(value) }
        case .int16: convert(raw, to: values, blocks) { (value: Int16) in Float(value) }
        case .int8: convert(raw, to: values, blocks) { (value: Int8) in Float(value) }
        case .uint64: convert(raw, to: values, blocks) { (value: UInt64) in Float(value) }
        case .uint32: convert(raw, to: values, blocks) { (value: UInt32) in Float(value) }
        case .uint16: convert(raw, to: values, blocks) { (value: UInt16) in Float(value) }
        case .uint8: convert(raw, to: values, blocks) { (value: UInt8) in Float(value) }
        case .bool: convert(raw, to: values, blocks) { (value: UInt8) in value == 0 ? 0 : 1 }
        case .float8E4M3: convert(raw, to: values, blocks) { float(e4m3: $0) }
        // An E5M2 is the upper half of a binary16.
        case .float8E5M2:
            convert(raw, to: values, blocks) { (bits: UInt8) in float(half: UInt16(bits) << 8) }
        case .float8E8M0:
            convert(raw, to: values, blocks) { (bits: UInt8) in
                bits == 0xFF ? .nan : halfPower(bits) * 2
            }
        case .q8_0: SmallBlocks.decodeQ8_0(source, to: values, blocks: blocks)
        case .q4_0: SmallBlocks.decodeQ4_0(source, to: values, blocks: blocks)
        case .q4_1: SmallBlocks.decodeQ4_1(source, to: values, blocks: blocks)
        case .q5_0: SmallBlocks.decodeQ5_0(source, to: values, blocks: blocks)
        case .q5_1: SmallBlocks.decodeQ5_1(source, to: values, blocks: blocks)
        case .q2_K: LargeBlocks.decodeQ2_K(source, to: values, blocks: blocks)
        case .q3_K: LargeBlocks.decodeQ3_K(source, to: values, blocks: blocks)
        case .q4_K: LargeBlocks.decodeQ4_K(source, to: values, blocks: blocks)
        case .q5_K: LargeBlocks.decodeQ5_K(source, to: values, blocks: blocks)
        case .q6_K: LargeBlocks.decodeQ6_K(source, to: values, blocks: blocks)
        case .iq4_NL: SmallBlocks.decodeIQ4_NL(source, to: values, blocks: blocks)
        case .mxfp4: SmallBlocks.decodeMXFP4(source, to: values, blocks: blocks)
        case .iq1_S: CodebookBlocks.decodeIQ1_S(source, to: values, blocks: blocks)
        case .iq1_M: CodebookBlocks.decodeIQ1_M(source, to: values, blocks: blocks)
        case .iq2_XXS: CodebookBlocks.decodeIQ2_XXS(source, to: values, blocks: blocks)
        case .iq2_XS: CodebookBlocks.decodeIQ2_XS(source, to: values, blocks: blocks)
        case .iq2_S: CodebookBlocks.decodeIQ2_S(source, to: values, blocks: blocks)
        case .iq3_XXS: CodebookBlocks.decodeIQ3_XXS(source, to: values, blocks: blocks)
        case .iq3_S: CodebookBlocks.decodeIQ3_S(source, to: values, blocks: blocks)
        case .iq4_XS: CodebookBlocks.decodeIQ4_XS(source, to: values, blocks: blocks)
        case .tq1_0: TernaryBlocks.decodeTQ1_0(source, to: values, blocks: blocks)
        case .tq2_0: TernaryBlocks.decodeTQ2_0(source, to: values, blocks: blocks)
        }
    }

    /// Returns the index of the first element that is infinite or NaN, or nil.
    ///
    /// In a block type, a scale that is not finite makes its whole block not finite (0 · ∞ is NaN).
    /// Finite scales cannot overflow fp32. So only the scales are checked.
    func firstNonFinite(in bytes: UnsafeRawBufferPointer) -> Int? {
        switch self {
        case .float64:
            first(in: bytes) { (bits: UInt64) in bits & 0x7FF0 << 48 == 0x7FF0 << 48 }
        case .float32: first(in: bytes) { (bits: UInt32) in bits & 0x7F80 << 16 == 0x7F80 << 16 }
        case .bfloat16: first(in: bytes) { (bits: UInt16) in bits & 0x7F80 == 0x7F80 }
        case .float16: first(in: bytes) { (bits: UInt16) in bits & 0x7C00 == 0x7C00 }
        case .q8_0, .q4_0, .q5_0, .iq4_NL, .iq4_XS, .iq1_S, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS,
            .iq3_S:
            firstBlock(in: bytes, withNonFiniteHalfAt: [0])
        case .q4_1, .q5_1, .q4_K, .q5_K: firstBlock(in: bytes, withNonFiniteHalfAt: [0, 2])
        case .q2_K: firstBlock(in: bytes, withNonFiniteHalfAt: [80, 82])
        case .q3_K: firstBlock(in: bytes, withNonFiniteHalfAt: [108])
        case .q6_K: firstBlock(in: bytes, withNonFiniteHalfAt: [208])
        case .tq1_0: firstBlock(in: bytes, withNonFiniteHalfAt: [52])
        case .tq2_0: firstBlock(in: bytes, withNonFiniteHalfAt: [64])
        case .iq1_M, .mxfp4: firstDecoded(in: bytes)
        case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: nil
        case .float8E4M3: first(in: bytes) { (bits: UInt8) in bits & 0x7F == 0x7F }
        case .float8E5M2: first(in: bytes) { (bits: UInt8) in bits & 0x7C == 0x7C }
        case .float8E8M0: first(in: bytes) { (bits: UInt8) in bits == 0xFF }
        }
    }

    /// Decodes the blocks, a few at a time, and looks at the values.
    private func firstDecoded(in bytes: UnsafeRawBufferPointer) -> Int? {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: block.elements) { values in
            for start in stride(from: 0, to: bytes.count, by: block.bytes) {
                let stored = UnsafeRawBufferPointer(rebasing: bytes[start..<start + block.bytes])
                decode(stored, to: values)
                if let place = values.firstIndex(where: { !$0.isFinite }) {
                    return start / block.bytes * block.elements + place
                }
            }
            return nil
        }
    }

    private func firstBlock(
        in bytes: UnsafeRawBufferPointer, withNonFiniteHalfAt offsets: [Int]
    ) -> Int? {
        for start in stride(from: 0, to: bytes.count, by: block.bytes) {
            for offset in offsets where bytes[start + offset + 1] & 0x7C == 0x7C {
                return start / block.bytes * block.elements
            }
        }
        return nil
    }
}

/// Converts elements one by one at any address: files need not align them.
@inline(__always)
private func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, to target: Decoded, _ count: Int, _ value: (Bits) -> Float
) {
    for i in 0..<count {
        let bits = source.loadUnaligned(
            fromByteOffset: i &* MemoryLayout<Bits>.size, as: Bits.self)
        target[i] = value(Bits(littleEndian: bits))
    }
}

/// Finds the first element that satisfies `isSought`. It goes chunk by chunk so that the loop
/// vectorises.
@inline(__always)
private func first<Bits: FixedWidthInteger & BitwiseCopyable>(
    in bytes: UnsafeRawBufferPointer, where isSought: (Bits) -> Bool
) -> Int? {
    guard let source = bytes.baseAddress else { return nil }
    func isSoughtElement(_ i: Int) -> Bool {
        let bits = source.loadUnaligned(
            fromByteOffset: i &* MemoryLayout<Bits>.size, as: Bits.self)
        return isSought(Bits(littleEndian: bits))
    }
    let count = bytes.count / MemoryLayout<Bits>.size
    for start in stride(from: 0, to: count, by: 1024) {
        let stretch = start..<min(start + 1024, count)
        var found: UInt8 = 0
        for i in stretch { found |= isSoughtElement(i) ? 1 : 0 }
        if found != 0 { return stretch.first(where: isSoughtElement) }
    }
    return nil
}
