// SPDX-License-Identifier: Apache-2.0
// The block types of 256 elements, whose scales are themselves quantised: Q2_K to Q6_K.

/// Decodes whole blocks of 256 elements. Each product and sum is rounded once, in the order of the
/// reference implementation (the Python package gguf), so that results are equal to the bit.
enum LargeBlocks {
    private static let elements = 256

    /// Block: 16 bytes with a 4-bit scale and minimum each, 64 bytes with four values each, scale
    /// of scales, scale of minima.
    static func decodeQ2_K(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 84
            let target = target + block * elements
            let scale = source.half(at: 80)
            let minimum = source.half(at: 82)
            for group in 0..<16 {
                let (values, shift) = packedPairs(source + 16, group)
                let groupScale = scale * Float(source[group] & 0x0F)
                let groupMinimum = minimum * Float(source[group] >> 4)
                let target = target + group * 16
                for i in 0..<16 {
                    target[i] = groupScale * Float(values[i] &>> shift & 3) - groupMinimum
                }
            }
        }
    }

    /// Block: 32 bytes of third bits (set = no offset), 64 bytes with four values each, 12 bytes
    /// with sixteen 6-bit scales, scale of scales.
    static func decodeQ3_K(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 110
            let target = target + block * elements
            let scale = source.half(at: 108)
            let packed = source + 96
            for group in 0..<16 {
                let (values, shift) = packedPairs(source + 32, group)
                let third = source + group % 2 * 16
                let thirdShift = UInt8(group / 2)
                let low = group < 8 ? packed[group] & 0x0F : packed[group - 8] >> 4
                let high = packed[8 + group % 4] &>> UInt8(group / 4 * 2) & 3
                let groupScale = scale * Float(Int32(low | high << 4) &- 32)
                let target = target + group * 16
                for i in 0..<16 {
                    let offset = Int32(~(third[i] &>> thirdShift) & 1) << 2
                    target[i] = groupScale * Float(Int32(values[i] &>> shift & 3) &- offset)
                }
            }
        }
    }

    /// Block: scale of scales, scale of minima, 12 bytes with eight 6-bit scales and minima, 128
    /// bytes with two values each.
    static func decodeQ4_K(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 144
            let target = target + block * elements
            for group in 0..<8 {
                let (groupScale, groupMinimum) = scaleAndMinimum(source, group)
                let values = source + 16 + group / 2 * 32
                let shift = UInt8(group % 2 * 4)
                let target = target + group * 32
                for i in 0..<32 {
                    target[i] = groupScale * Float(values[i] &>> shift & 0x0F) - groupMinimum
                }
            }
        }
    }

    /// Block: as Q4_K, with 32 bytes of fifth bits before the values.
    static func decodeQ5_K(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 176
            let target = target + block * elements
            let fifth = source + 16
            for group in 0..<8 {
                let (groupScale, groupMinimum) = scaleAndMinimum(source, group)
                let values = source + 48 + group / 2 * 32
                let shift = UInt8(group % 2 * 4)
                let fifthShift = UInt8(group)
                let target = target + group * 32
                for i in 0..<32 {
                    let value = values[i] &>> shift & 0x0F | (fifth[i] &>> fifthShift & 1) << 4
                    target[i] = groupScale * Float(value) - groupMinimum
                }
            }
        }
    }

    /// Block: 128 bytes with two lower halves each, 64 bytes with four upper parts each, sixteen
    /// 8-bit scales, scale of scales. Value: (q - 32) · scale.
    static func decodeQ6_K(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 210
            let target = target + block * elements
            let scale = source.half(at: 208)
            for group in 0..<16 {
                let (upper, upperShift) = packedPairs(source + 128, group)
                let lower = source + group / 8 * 64 + group % 4 * 16
                let lowerShift = UInt8(group / 4 % 2 * 4)
                let groupScale = scale * Float(Int8(bitPattern: source[192 + group]))
                let target = target + group * 16
                for i in 0..<16 {
                    let value = lower[i] &>> lowerShift & 0x0F | (upper[i] &>> upperShift & 3) << 4
                    target[i] = groupScale * Float(Int32(value) &- 32)
                }
            }
        }
    }

    /// Returns the byte offset of the 2-bit parts of a group of 16 elements: 32 bytes hold four
    /// rows of 32 elements, one row above the other.
    @inline(__always)
    private static func packedPairs(
        _ source: Stored, _ group: Int
    ) -> (values: Stored, shift: UInt8) {
        (source + group / 8 * 32 + group % 2 * 16, UInt8(group / 2 % 4 * 2))
    }

    /// Returns the scale and minimum of a group of 32 elements in a Q4_K or Q5_K block. Those of
    /// the first four groups fill the lower six bits of bytes 0-3 and 4-7; those of the others are
    /// put together from the remaining bits.
    @inline(__always)
    private static func scaleAndMinimum(
        _ source: Stored, _ group: Int
    ) -> (scale: Float, minimum: Float) {
        let packed = source + 4
        let scale: UInt8
        let minimum: UInt8
        if group < 4 {
            scale = packed[group] & 0x3F
            minimum = packed[group + 4] & 0x3F
        } else {
            scale = packed[group + 4] & 0x0F | packed[group - 4] >> 2 & 0x30
            minimum = packed[group + 4] >> 4 | packed[group] >> 2 & 0x30
        }
        return (source.half(at: 0) * Float(scale), source.half(at: 2) * Float(minimum))
    }
}
