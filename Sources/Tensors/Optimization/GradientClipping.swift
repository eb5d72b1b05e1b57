// SPDX-License-Identifier: Apache-2.0
// A bound on the norm of gradients.

/// Scales gradients together so that their global norm is within a bound, as PyTorch's
/// `clip_grad_norm_` does.
///
/// It can be differentiated, also where all gradients are zero: the norm's gradient is zero there.
///
/// - Parameters:
///   - gradients: The gradients.
///   - maximum: The bound.
/// - Returns: The gradients, and the norm that they had.
public func clippedByGlobalNorm(
    _ gradients: [Tensor], maximum: Float
) -> (gradients: [Tensor], norm: Tensor) {
    guard !gradients.isEmpty else { return ([], Tensor(0)) }
    let squares = gradients.map { $0.converted(to: .float32).square().sum() }
    let total = Tensor.stacked(squares).sum()
    let isZero = total.equal(0)
    let norm = Tensor.where(isZero, total, Tensor.where(isZero, Tensor(1), total).sqrt())
    let factor = (maximum / (norm + 1e-6)).minimum(1.0)
    return (gradients.map { $0 * factor.converted(to: $0.type) }, norm)
}
