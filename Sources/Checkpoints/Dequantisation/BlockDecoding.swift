// SPDX-License-Identifier: Apache-2.0
// Numbers of the block types: scales stored as binary16, and rows of small integers.

/// A pointer into stored blocks. Its target was checked against the tensor's bytes.
typealias Stored = UnsafePointer<UInt8>

/// The destination of decoded values. It has room for all of them.
typealias Decoded = UnsafeMutablePointer<Float>

/// Widens a binary16 exactly, without branches or subnormal arithmetic, so that loops vectorise.
@inline(__always)
func float(half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7FFF) << 13
    let exponent = magnitude & 0x0F80_0000
    let rebiased = magnitude &+ 0x3800_0000
    // An exponent of all ones stays all ones (infinity, NaN).
    let special = rebiased &+ 0x3800_0000
    // A subnormal is the distance of 2^-14 + value from 2^-14.
    let subnormal =
        (Float(bitPattern: rebiased &+ 0x0080_0000) - Float(bitPattern: 0x3880_0000)).bitPattern
    let finite = exponent == 0 ? subnormal : rebiased
    let bits = exponent == 0x0F80_0000 ? special : finite
    return Float(bitPattern: bits | UInt32(half & 0x8000) << 16)
}

extension Stored {
    /// Returns the binary16 at an offset in bytes, widened.
    @inline(__always)
    func half(at offset: Int) -> Float {
        float(half: short(at: offset))
    }

    /// Returns the 16 bits at an offset in bytes.
    @inline(__always)
    func short(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    /// Returns the 32 bits at an offset in bytes.
    @inline(__always)
    func word(at offset: Int) -> UInt32 {
        UInt32(
            littleEndian: UnsafeRawPointer(self).loadUnaligned(
                fromByteOffset: offset, as: UInt32.self))
    }
}

/// Returns half of the power of two that 8 bits stand for, as GGUF's MXFP4 counts its scales.
@inline(__always)
func halfPower(_ exponent: UInt8) -> Float {
    Float(
        bitPattern: exponent < 2 ? 0x0020_0000 << UInt32(exponent) : UInt32(exponent - 1) << 23)
}

/// Widens an E4M3 exactly. It has no infinity, and one NaN of each sign.
@inline(__always)
func float(e4m3 bits: UInt8) -> Float {
    let magnitude = bits & 0x7F
    // As a binary16 of the same exponent and mantissa, the bias is 8 too great.
    let value = magnitude == 0x7F ? .nan : float(half: UInt16(magnitude) << 7) * 256
    return bits & 0x80 == 0 ? value : -value
}
