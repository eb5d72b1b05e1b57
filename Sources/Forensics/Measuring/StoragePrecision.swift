// SPDX-License-Identifier: Apache-2.0
// The floating-point types to which weights are rounded, and the rounding of eight values at a
// time.

/// A floating-point type that weights are stored in, or were rounded to on their way.
enum StoragePrecision: Int, CaseIterable, Sendable {
    case float32, float16, bfloat16

    /// The name in checkpoints.
    var name: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        }
    }

    /// The number of fraction bits of the significand.
    var fractionBits: Int {
        switch self {
        case .float32: 23
        case .float16: 10
        case .bfloat16: 7
        }
    }

    /// Half a unit in the last place, relative to a value's power of two.
    var halfUnit: Double {
        var value = 0.5
        for _ in 0..<fractionBits { value /= 2 }
        return value
    }

    /// Returns the narrowest type that represents all values.
    ///
    /// - Parameter fits: Whether each type represents them, indexed by its raw value.
    /// - Returns: The type.
    static func narrowest(_ fits: [Bool]) -> StoragePrecision {
        fits[2] ? .bfloat16 : fits[1] ? .float16 : .float32
    }
}

/// Rounds to the nearest bfloat16, ties to even.
@inline(__always)
func brainHalves(_ values: SIMD8<Float>) -> SIMD8<Float> {
    let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
    let odd = (bits &>> 16) & SIMD8(repeating: 1)
    let rounded = (bits &+ SIMD8(repeating: 0x7FFF) &+ odd) & SIMD8(repeating: 0xFFFF_0000)
    return unsafeBitCast(rounded, to: SIMD8<Float>.self)
}

/// Rounds to the nearest binary16, ties to even. A value beyond its range does not become infinite.
@inline(__always)
func halves(_ values: SIMD8<Float>) -> SIMD8<Float> {
    let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
    let odd = (bits &>> 13) & SIMD8(repeating: 1)
    let normal = (bits &+ SIMD8(repeating: 0x0FFF) &+ odd) & SIMD8(repeating: 0xFFFF_E000)
    let sign = bits & SIMD8(repeating: 0x8000_0000)
    let magnitude = bits & SIMD8(repeating: 0x7FFF_FFFF)
    // Adding 1/2 rounds the value: the last place of 1/2 is that of a binary16 subnormal.
    let shifted = unsafeBitCast(magnitude, to: SIMD8<Float>.self) + 0.5 - 0.5
    let subnormal = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) | sign
    let result = normal.replacing(
        with: subnormal, where: magnitude .< SIMD8(repeating: 0x3880_0000))
    return unsafeBitCast(result, to: SIMD8<Float>.self)
}
