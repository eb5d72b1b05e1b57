// SPDX-License-Identifier: Apache-2.0
// Rounds fp32 to the 16-bit types: to nearest, ties to even.

/// Returns the nearest bfloat16. A value beyond the greatest becomes infinite; NaN stays NaN.
@inline(__always)
func brainHalf(rounding value: Float) -> UInt16 {
    let bits = value.bitPattern
    let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
    let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    return UInt16(truncatingIfNeeded: isNaN ? bits >> 16 | 0x40 : rounded)
}

/// Returns the nearest binary16. A value beyond the greatest becomes infinite; NaN stays NaN.
@inline(__always)
func half(rounding value: Float) -> UInt16 {
    let sign = value.bitPattern >> 16 & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    let normal = (magnitude &- 0x3800_0000 &+ 0x0FFF &+ (magnitude >> 13 & 1)) >> 13
    // Adding 1/2 rounds the value: the last place of 1/2 is that of a binary16 subnormal.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
    let special: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    return UInt16(truncatingIfNeeded: sign | (magnitude >= 0x477F_F000 ? special : finite))
}
