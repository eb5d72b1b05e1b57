// SPDX-License-Identifier: Apache-2.0
// Matrix products, factorisations, and the layers that the engine fuses.

import CTensor

/// Which keys a query may attend to.
public enum AttentionMask: Sendable {
    /// All keys.
    case none
    /// The keys up to the query's own position, the last query being at the last key.
    case causal
    /// As a tensor says that broadcasts to `[batch, heads, queries, keys]`: of type `bool`, true
    /// where attention is allowed; of a floating-point type, added to the scores.
    case tensor(Tensor)
}

extension Tensor {
    /// The matrix product over the last two axes; the other axes broadcast.
    ///
    /// - Parameter other: `[..., inner, columns]`, for this tensor of `[..., rows, inner]`.
    /// - Returns: `[..., rows, columns]`.
    public func matmul(_ other: Tensor) -> Tensor { apply(.matmul, with: other) }

    /// Products with matrices that are chosen for each row.
    ///
    /// - Parameters:
    ///   - matrices: `[matrices, inner, columns]`.
    ///   - indices: `[rows, n]` of integers, the matrices for a row; the engine does not check them.
    /// - Returns: `[rows, n, m, columns]`, for this tensor of `[rows, n or 1, m, inner]`.
    public func gatherMatmul(_ matrices: Tensor, at indices: Tensor) -> Tensor {
        Tensor.apply(.gather_product, [self, matrices, indices])
    }

    /// `alpha (left x right) + beta addend` in one pass.
    ///
    /// - Parameters:
    ///   - addend: What is added, which broadcasts to the result.
    ///   - left: `[..., rows, inner]`.
    ///   - right: `[..., inner, columns]`.
    ///   - alpha: The factor of the product.
    ///   - beta: The factor of the addend.
    /// - Returns: `[..., rows, columns]`.
    public static func addingProduct(
        _ addend: Tensor, _ left: Tensor, _ right: Tensor, alpha: Float = 1, beta: Float = 1
    ) -> Tensor {
        apply(.add_product, [addend, left, right], numbers: [Double(alpha), Double(beta)])
    }

    /// The singular value decomposition, `u x diagonal(values) x vt`, on the CPU.
    ///
    /// - Returns: For `[..., rows, columns]`: `u` as `[..., rows, rows]`, the singular values in
    ///   descending order, and `vt` as `[..., columns, columns]`.
    public func singularValueDecomposition() -> (u: Tensor, values: Tensor, vt: Tensor) {
        let parts = Tensor.apply(.svd, [self], count: 3, name: #function)
        return (parts[0], parts[1], parts[2])
    }

    /// The QR decomposition without the columns that no product needs, `q x r`, on the CPU.
    ///
    /// - Returns: For `[..., rows, columns]`, with `least` the smaller of both: `q` as
    ///   `[..., rows, least]` with orthonormal columns, and `r` as `[..., least, columns]`, zero
    ///   below its diagonal.
    public func qrDecomposition() -> (q: Tensor, r: Tensor) {
        let parts = Tensor.apply(.qr, [self], count: 2, name: #function)
        return (parts[0], parts[1])
    }

    /// Divides by the root of the mean square along the last axis (arXiv:1910.07467).
    ///
    /// - Parameters:
    ///   - weight: `[width]` by which the result is multiplied, if any.
    ///   - epsilon: What is added to the mean square.
    /// - Returns: A tensor of the same shape.
    public func rmsNorm(weight: Tensor? = nil, epsilon: Float) -> Tensor {
        Tensor.apply(
            .rms_norm, [self] + (weight.map { [$0] } ?? []), numbers: [Double(epsilon)])
    }

    /// Rotary position embedding (arXiv:2104.09864) of `[batch, heads, length, width]`.
    ///
    /// - Parameters:
    ///   - dimensions: How many of the last axis are rotated.
    ///   - traditional: Whether neighbours are rotated together, instead of the two halves.
    ///   - base: The base of the angles, unless there are frequencies.
    ///   - scale: The factor of the positions.
    ///   - offset: The position of the first element of `length`.
    ///   - frequencies: `[dimensions / 2]`, the wavelengths over 2π, instead of the base.
    /// - Returns: A tensor of the same shape.
    public func rope(
        dimensions: Int, traditional: Bool = false, base: Float? = 10_000, scale: Float = 1,
        offset: Int = 0, frequencies: Tensor? = nil
    ) -> Tensor {
        rope(dimensions, traditional, base, scale, offset, nil, frequencies)
    }

    /// Rotary position embedding whose first position differs along the batch.
    ///
    /// - Parameters:
    ///   - dimensions: How many of the last axis are rotated.
    ///   - traditional: Whether neighbours are rotated together, instead of the two halves.
    ///   - base: The base of the angles, unless there are frequencies.
    ///   - scale: The factor of the positions.
    ///   - offset: `[batch]` of integers, the position of the first element of `length`.
    ///   - frequencies: `[dimensions / 2]`, the wavelengths over 2π, instead of the base.
    /// - Returns: A tensor of the same shape.
    public func rope(
        dimensions: Int, traditional: Bool = false, base: Float? = 10_000, scale: Float = 1,
        offset: Tensor, frequencies: Tensor? = nil
    ) -> Tensor {
        rope(dimensions, traditional, base, scale, 0, offset, frequencies)
    }

    private func rope(
        _ dimensions: Int, _ traditional: Bool, _ base: Float?, _ scale: Float, _ start: Int,
        _ offset: Tensor?, _ frequencies: Tensor?, name: String = "rope"
    ) -> Tensor {
        Tensor.apply(
            .rope, [self] + [offset, frequencies].compactMap { $0 },
            integers: [
                offset == nil ? 0 : 1, frequencies == nil ? 0 : 1, dimensions,
                traditional ? 1 : 0, start,
            ],
            numbers: [Double(base ?? 10_000), Double(scale)], name: name)
    }

    /// Scaled dot-product attention (arXiv:1706.03762), for grouped queries too.
    ///
    /// - Parameters:
    ///   - queries: `[batch, heads, queries, width]`.
    ///   - keys: `[batch, key heads, keys, width]`; the key heads divide the heads.
    ///   - values: `[batch, key heads, keys, value width]`.
    ///   - scale: The factor of the scores.
    ///   - mask: Which keys count.
    /// - Returns: `[batch, heads, queries, value width]`.
    public static func attention(
        queries: Tensor, keys: Tensor, values: Tensor, scale: Float, mask: AttentionMask = .none
    ) -> Tensor {
        var inputs = [queries, keys, values]
        var causal = 0
        switch mask {
        case .none: break
        case .causal: causal = 1
        case .tensor(let tensor): inputs.append(tensor)
        }
        return apply(.attention, inputs, integers: [causal], numbers: [Double(scale)])
    }
}

/// A matrix in few bits per weight: groups along the last axis share a scale and a bias.
public struct QuantizedMatrix: Sendable {
    /// The packed weights, `[rows, columns * bits / 32]`.
    public let packed: Tensor
    /// `[rows, columns / groupSize]`.
    public let scales: Tensor
    /// `[rows, columns / groupSize]`.
    public let biases: Tensor
    /// How many weights share a scale: 32, 64 or 128.
    public let groupSize: Int
    /// Bits per weight: 2, 3, 4, 5, 6 or 8.
    public let bits: Int

    /// Quantises a matrix.
    ///
    /// - Parameters:
    ///   - matrix: `[rows, columns]`.
    ///   - groupSize: How many weights share a scale.
    ///   - bits: Bits per weight.
    public init(_ matrix: Tensor, groupSize: Int = 64, bits: Int = 4) {
        let parts = Tensor.apply(
            .quantize, [matrix], integers: [groupSize, bits], count: 3, name: "quantized")
        (packed, scales, biases) = (parts[0], parts[1], parts[2])
        (self.groupSize, self.bits) = (groupSize, bits)
    }

    /// The matrix that the bits stand for, `[rows, columns]`.
    public func dequantized() -> Tensor {
        Tensor.apply(.dequantize, [packed, scales, biases], integers: [groupSize, bits])
    }
}
