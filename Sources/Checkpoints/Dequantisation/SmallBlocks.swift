// SPDX-License-Identifier: Apache-2.0
// The block types of 32 elements: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4.

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

    /// The levels of IQ4_NL and IQ4_XS.
    static let levels: [Float] = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    /// Block: scale, 16 bytes with two indices each. Value: scale · level.
    static func decodeIQ4_NL(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 18
            let scale = source.half(at: 0)
            decodePairs(source + 2, scale, levels, to: target + block * elements)
        }
    }

    /// The doubled values of a float of 4 bits: sign, two bits of exponent, one of mantissa.
    static let doubledFloats4: [Float] = [
        0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
    ]

    /// Block: exponent, 16 bytes with two floats of 4 bits each.
    static func decodeMXFP4(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 17
            let scale = halfPower(source[0])
            decodePairs(source + 1, scale, doubledFloats4, to: target + block * elements)
        }
    }

    @inline(__always)
    private static func decodePairs(
        _ pairs: Stored, _ scale: Float, _ levels: [Float], to target: Decoded
    ) {
        for i in 0..<16 {
            target[i] = scale * levels[Int(pairs[i] & 0x0F)]
            target[i + 16] = scale * levels[Int(pairs[i] >> 4)]
        }
    }
}
