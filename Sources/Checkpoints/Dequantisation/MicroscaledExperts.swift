// SPDX-License-Identifier: Apache-2.0
// Floats of 4 bits with an exponent for each block of 32, as gpt-oss stores its experts.

/// The weights of all experts of a layer. They are stored as [experts, outputs, blocks, 16 bytes],
/// and the model computes with their transpose, [experts, inputs, outputs].
package struct MicroscaledExperts: Sendable, Hashable {
    /// Two floats to a byte, the first one in the lower half.
    let codes: StoredTensor
    /// The exponents plus 127: [experts, outputs, blocks].
    let scales: StoredTensor

    /// The shape that the model computes with.
    var shape: [Int] { [scales.shape[0], 32 * scales.shape[2], scales.shape[1]] }

    /// Checks the shapes of what is stored.
    init(codes: StoredTensor, scales: StoredTensor) throws {
        guard codes.elementType == .uint8, codes.shape.count == 4, codes.shape[3] == 16 else {
            throw codes.fault(
                "is \(codes.elementType.rawValue) \(codes.shape), not U8 "
                    + "[experts, outputs, blocks, 16]")
        }
        guard scales.elementType == .uint8, scales.shape == Array(codes.shape.dropLast()) else {
            throw scales.fault(
                "is \(scales.elementType.rawValue) \(scales.shape), its blocks need U8 "
                    + "\(Array(codes.shape.dropLast()))")
        }
        self.codes = codes
        self.scales = scales
    }

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
