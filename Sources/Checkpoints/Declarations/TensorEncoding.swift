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

    /// Writes the values of some rows.
    ///
    /// - Parameters:
    ///   - rows: Indices of rows: all extents but the last are one.
    ///   - target: Room for exactly these rows.
    ///   - bytes: Returns the stored bytes of a tensor.
    func decode(
        rows: Range<Int>, to target: UnsafeMutableBufferPointer<Float>, _ bytes: StoredBytes
    ) throws {
        guard let values = target.baseAddress else { return }
        switch self {
        case .elements: break
        case .scaled(let matrix): try matrix.decode(rows: rows, to: values, bytes)
        case .coded(let blocks): try blocks.decode(rows: rows, to: values, bytes)
        case .microscaled(let experts): try experts.decode(rows: rows, to: values, bytes)
        }
    }
}

/// Returns the stored bytes of a tensor.
typealias StoredBytes = (StoredTensor) throws -> UnsafeRawBufferPointer
