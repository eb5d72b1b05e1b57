// SPDX-License-Identifier: Apache-2.0
// The block types of 256 elements that index tables of numbers: IQ1, IQ2, IQ3 and IQ4_XS.

/// Decodes whole blocks of 256 elements. Each product and sum is rounded once, in the order of the
/// reference implementation (the Python package gguf), so that results are equal to the bit.
enum CodebookBlocks {
    private static let elements = 256

    /// Block: scale, and for each 32 elements four indices of 8 bits, four patterns of signs of 7
    /// bits, and a scale of 4 bits.
    static func decodeIQ2_XXS(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 66, source, target) {
            let scale = source.half(at: 0)
            for group in 0..<8 {
                let codes = source + 2 + group * 8
                let rest = codes.word(at: 4)
                let groupScale = scale * (0.5 + Float(rest >> 28)) * 0.25
                for part in 0..<4 {
                    write(
                        .iq2xxs, Int(codes[part]), signs(rest &>> UInt32(7 * part)),
                        groupScale, target + group * 32 + part * 8)
                }
            }
        }
    }

    /// Block: scale, 32 words of 16 bits with an index of 9 bits and a pattern of signs of 7 bits,
    /// sixteen scales of 4 bits.
    static func decodeIQ2_XS(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 74, source, target) {
            let scale = source.half(at: 0)
            for part in 0..<32 {
                let code = source.short(at: 2 + part * 2)
                write(
                    .iq2xs, Int(code & 0x1FF), signs(UInt32(code >> 9)),
                    scale * (0.5 + Float(nibble(source + 66, part / 2))) * 0.25,
                    target + part * 8)
            }
        }
    }

    /// Block: scale, 32 indices' lower bytes, 32 bytes of signs, 8 bytes with four upper parts of 2
    /// bits each, sixteen scales of 4 bits.
    static func decodeIQ2_S(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 82, source, target) {
            let scale = source.half(at: 0)
            for part in 0..<32 {
                let upper = source[66 + part / 4] &>> UInt8(part % 4 * 2) & 3
                write(
                    .iq2s, Int(source[2 + part]) | Int(upper) << 8, source[34 + part],
                    scale * (0.5 + Float(nibble(source + 74, part / 2))) * 0.25,
                    target + part * 8)
            }
        }
    }

    /// Block: scale, 64 indices of 8 bits, and for each 32 elements four patterns of signs of 7 bits
    /// and a scale of 4 bits.
    static func decodeIQ3_XXS(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 98, source, target) {
            let scale = source.half(at: 0)
            for group in 0..<8 {
                let rest = source.word(at: 66 + group * 4)
                let groupScale = scale * (0.5 + Float(rest >> 28)) * 0.5
                for part in 0..<8 {
                    let signs = signs(rest &>> UInt32(7 * (part / 2)))
                    write(
                        .iq3xxs, Int(source[2 + group * 8 + part]),
                        signs &>> UInt8(part % 2 * 4), groupScale,
                        target + group * 32 + part * 4)
                }
            }
        }
    }

    /// Block: scale, 64 indices' lower bytes, 8 bytes of their ninth bits, 32 bytes of signs, eight
    /// scales of 4 bits.
    static func decodeIQ3_S(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 110, source, target) {
            let scale = source.half(at: 0)
            for part in 0..<64 {
                let ninth = source[66 + part / 8] &>> UInt8(part % 8) & 1
                write(
                    .iq3s, Int(source[2 + part]) | Int(ninth) << 8,
                    source[74 + part / 2] &>> UInt8(part % 2 * 4),
                    scale * Float(1 + 2 * nibble(source + 106, part / 8)), target + part * 4)
            }
        }
    }

    /// Block: scale, 32 indices' lower bytes, and for each 32 elements four upper parts of 3 bits, a
    /// scale of 3 bits and the sign of the offset.
    static func decodeIQ1_S(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 50, source, target) {
            let scale = source.half(at: 0)
            for part in 0..<32 {
                let rest = source.short(at: 34 + part / 4 * 2)
                let upper = rest &>> UInt16(part % 4 * 3) & 7
                writeShifted(
                    Int(source[2 + part]) | Int(upper) << 8,
                    by: rest & 0x8000 == 0 ? 0.125 : -0.125,
                    scale * Float(2 * (rest >> 12 & 7) + 1), target + part * 8)
            }
        }
    }

    /// Block: 32 indices' lower bytes, 16 bytes with two upper parts of 3 bits and two signs of the
    /// offset, and four words with four scales of 3 bits and a quarter of the scale of scales.
    static func decodeIQ1_M(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 56, source, target) {
            let bits = (0..<4).reduce(UInt16(0)) {
                $0 | (source.short(at: 48 + $1 * 2) >> 12) << UInt16(4 * $1)
            }
            let scale = float(half: bits)
            for part in 0..<32 {
                let rest = source[32 + part / 2] &>> UInt8(part % 2 * 4)
                let groupScale =
                    source.short(at: 48 + part / 8 * 2) &>> UInt16(part / 2 % 4 * 3) & 7
                writeShifted(
                    Int(source[part]) | Int(rest & 7) << 8, by: rest & 8 == 0 ? 0.125 : -0.125,
                    scale * Float(2 * groupScale + 1), target + part * 8)
            }
        }
    }

    /// Block: scale of scales, eight scales' upper parts of 2 bits, their lower parts of 4 bits, 128
    /// bytes with two indices each.
    static func decodeIQ4_XS(_ source: Stored, to target: Decoded, blocks: Int) {
        for (source, target) in each(blocks, of: 136, source, target) {
            let scale = source.half(at: 0)
            for group in 0..<8 {
                let upper = source.short(at: 2) &>> UInt16(group * 2) & 3
                let low = nibble(source + 4, group)
                let groupScale = scale * Float(Int32(UInt16(low) | upper << 4) &- 32)
                let codes = source + 8 + group * 16
                let target = target + group * 32
                for i in 0..<16 {
                    target[i] = groupScale * SmallBlocks.levels[Int(codes[i] & 0x0F)]
                    target[i + 16] = groupScale * SmallBlocks.levels[Int(codes[i] >> 4)]
                }
            }
        }
    }

    // MARK: - Parts

    private static func each(
        _ blocks: Int, of bytes: Int, _ source: Stored, _ target: Decoded
    ) -> some Sequence<(Stored, Decoded)> {
        (0..<blocks).lazy.map { (source + $0 * bytes, target + $0 * elements) }
    }

    /// Returns one of the numbers of 4 bits that follow one another, lower halves first.
    @inline(__always)
    private static func nibble(_ source: Stored, _ index: Int) -> UInt8 {
        source[index / 2] &>> UInt8(index % 2 * 4) & 0x0F
    }

    /// Returns eight signs from the lower 7 bits: the number of negative ones is even.
    @inline(__always)
    private static func signs(_ bits: UInt32) -> UInt8 {
        let seven = UInt8(bits & 0x7F)
        return seven | UInt8(seven.nonzeroBitCount & 1) << 7
    }

    /// Writes the values of one entry. Value: ± scale · entry.
    @inline(__always)
    private static func write(
        _ book: Codebook, _ index: Int, _ signs: UInt8, _ scale: Float, _ target: Decoded
    ) {
        let start = index * book.width
        for i in 0..<book.width {
            let value = scale * book.values[start + i]
            target[i] = signs &>> UInt8(i) & 1 == 0 ? value : -value
        }
    }

    /// Writes the eight values of one entry of IQ1. Value: scale · (entry + offset).
    @inline(__always)
    private static func writeShifted(
        _ index: Int, by offset: Float, _ scale: Float, _ target: Decoded
    ) {
        for i in 0..<8 { target[i] = scale * (Codebook.iq1.values[index * 8 + i] + offset) }
    }
}
