// SPDX-License-Identifier: Apache-2.0
// The block types of 256 elements that are -1, 0 or 1 times a scale: TQ1_0 and TQ2_0.

/// Decodes whole blocks of 256 elements, as the Python package gguf does, to the bit.
enum TernaryBlocks {
    private static let elements = 256
    private static let powers: [UInt8] = [1, 3, 9, 27, 81]

    /// Block: 32 and 16 bytes with five digits of base 3 each, 4 bytes with four digits each, scale.
    /// The digits of neighbouring bytes follow one another.
    static func decodeTQ1_0(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 54
            let target = target + block * elements
            let scale = source.half(at: 52)
            func decode(_ bytes: Range<Int>, digits: Int, to start: Int) {
                for digit in 0..<digits {
                    let target = target + start + digit * bytes.count
                    for (i, byte) in bytes.enumerated() {
                        let value = (UInt16(source[byte] &* powers[digit]) * 3) >> 8
                        target[i] = scale * Float(Int32(value) - 1)
                    }
                }
            }
            decode(0..<32, digits: 5, to: 0)
            decode(32..<48, digits: 5, to: 160)
            decode(48..<52, digits: 4, to: 240)
        }
    }

    /// Block: 64 bytes with four values each, scale. Value: (q - 1) · scale.
    static func decodeTQ2_0(_ source: Stored, to target: Decoded, blocks: Int) {
        for block in 0..<blocks {
            let source = source + block * 66
            let target = target + block * elements
            let scale = source.half(at: 64)
            for group in 0..<8 {
                let values = source + group / 4 * 32
                let shift = UInt8(group % 4 * 2)
                let target = target + group * 32
                for i in 0..<32 {
                    target[i] = scale * Float(Int32(values[i] &>> shift & 3) - 1)
                }
            }
        }
    }
}
