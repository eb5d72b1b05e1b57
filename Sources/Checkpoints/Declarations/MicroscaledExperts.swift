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
}
