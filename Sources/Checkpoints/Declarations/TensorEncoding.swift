// SPDX-License-Identifier: Apache-2.0
// How a tensor's values follow from what is stored: by itself, or with scales beside it.

/// How the values of a tensor are stored.
package indirect enum TensorEncoding: Sendable, Hashable {
    /// Each element, or each block of GGUF, holds its own values.
    case elements
    /// Integers or small floats, times scales for tiles of rows and columns: GPTQ, AWQ, FP8,
    /// compressed-tensors, and bitsandbytes of 8 bits.
    case scaled(ScaledMatrix)
    /// Codes of 4 bits, and a scale for each block of consecutive elements: bitsandbytes of 4 bits.
    case coded(CodedBlocks)
    /// Floats of 4 bits, and an exponent for each block of 32: the experts of gpt-oss.
    case microscaled(MicroscaledExperts)

    /// The tensors that are read besides the one that holds the codes.
    var companions: [StoredTensor] {
        switch self {
        case .elements: []
        case .scaled(let matrix): matrix.companions
        case .coded(let blocks): blocks.companions
        case .microscaled(let experts): [experts.scales]
        }
    }
}

/// Returns the stored bytes of a tensor.
typealias StoredBytes = (StoredTensor) throws -> UnsafeRawBufferPointer
