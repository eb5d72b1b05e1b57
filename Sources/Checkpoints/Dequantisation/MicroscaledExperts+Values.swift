// SPDX-License-Identifier: Apache-2.0
// Decodes the experts of gpt-oss.

extension MicroscaledExperts {
    /// Writes the values of some rows: one for each input of each expert.
    func decode(rows: Range<Int>, to target: Decoded, _ bytes: StoredBytes) throws {
        guard let source = try bytes(codes).stored, let exponents = try bytes(scales).stored else {
            return
        }
        let (outputs, blocks) = (scales.shape[1], scales.shape[2])
        for row in rows {
            let (expert, input) = row.quotientAndRemainder(dividingBy: 32 * blocks)
            let target = target + (row - rows.lowerBound) * outputs
            for output in 0..<outputs {
                let block = (expert * outputs + output) * blocks + input / 32
                let pair = source[block * 16 + input % 32 / 2]
                let code = input % 2 == 0 ? pair & 0x0F : pair >> 4
                let exponent = exponents[block]
                let scale = exponent == 0xFF ? .nan : halfPower(exponent)
                target[output] = SmallBlocks.doubledFloats4[Int(code)] * scale
            }
        }
    }
}
