// SPDX-License-Identifier: Apache-2.0
// The block types of 32 elements: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1.

/// Decodes whole blocks of 32 elements. Each product and sum is rounded once, in the order of the
/// reference implementation (the Python package gguf), so that results are equal to the bit.
enum SmallBlocks {
    private static let elements = 32

    /// Block: scale, 32 signed bytes. Value: q · scale.
    static func decodeQ8_0(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 34
            let target = target + block * elements
            let scale = source.half(at: 0)
            for i in 0..<elements {
                target[i] = Float(Int8(bitPattern: source[2 + i])) * scale
            }
        }
    }

    /// Block: scale, 16 bytes with two values each. Value: (q - 8) · scale.
    static func decodeQ4_0(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 18
            let target = target + block * elements
            let scale = source.half(at: 0)
            for i in 0..<16 {
                let pair = source[2 + i]
                target[i] = Float(Int32(pair & 0x0F) &- 8) * scale
                target[i + 16] = Float(Int32(pair >> 4) &- 8) * scale
            }
        }
    }

    /// Block: scale, minimum, 16 bytes with two values each. Value: q · scale + minimum.
    static func decodeQ4_1(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 20
            let target = target + block * elements
            let scale = source.half(at: 0)
            let minimum = source.half(at: 2)
            for i in 0..<16 {
                let pair = source[4 + i]
                target[i] = Float(pair & 0x0F) * scale + minimum
                target[i + 16] = Float(pair >> 4) * scale + minimum
            }
        }
    }

    /// Block: scale, 32 fifth bits, 16 bytes with two values each. Value: (q - 16) · scale.
    static func decodeQ5_0(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 22
            let target = target + block * elements
            let scale = source.half(at: 0)
            let high = source.word(at: 2)
            for i in 0..<16 {
                let pair = UInt32(source[6 + i])
                let low = pair & 0x0F | (high &>> UInt32(i) & 1) << 4
                let upper = pair >> 4 | (high &>> UInt32(i + 16) & 1) << 4
                target[i] = Float(Int32(bitPattern: low) &- 16) * scale
                target[i + 16] = Float(Int32(bitPattern: upper) &- 16) * scale
            }
        }
    }

    /// Block: scale, minimum, 32 fifth bits, 16 bytes with two values each.
    /// Value: q · scale + minimum.
    static func decodeQ5_1(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 24
            let target = target + block * elements
            let scale = source.half(at: 0)
            let minimum = source.half(at: 2)
            let high = source.word(at: 4)
            for i in 0..<16 {
                let pair = UInt32(source[8 + i])
                let low = pair & 0x0F | (high &>> UInt32(i) & 1) << 4
                let upper = pair >> 4 | (high &>> UInt32(i + 16) & 1) << 4
                target[i] = Float(Int32(bitPattern: low)) * scale + minimum
                target[i + 16] = Float(Int32(bitPattern: upper)) * scale + minimum
            }
        }
    }
}
