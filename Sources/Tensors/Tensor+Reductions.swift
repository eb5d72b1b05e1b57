// SPDX-License-Identifier: Apache-2.0
// Operations along axes. Without an axis they take all elements.

import CTensor

extension Tensor {
    private func reduce(
        _ operation: ct_operation, _ axes: [Int], _ keepingDimensions: Bool,
        extra: [Int] = [], name: String = #function
    ) -> Tensor {
        apply(
            operation, integers: [keepingDimensions ? 1 : 0] + extra + axes, name: name)
    }

    /// The sum along an axis, or of all elements.
    public func sum(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.sum, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The sum along axes; none means all.
    public func sum(axes: [Int], keepingDimensions: Bool = false) -> Tensor {
        reduce(.sum, axes, keepingDimensions)
    }

    /// The mean along an axis, or of all elements.
    public func mean(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.mean, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The mean along axes; none means all.
    public func mean(axes: [Int], keepingDimensions: Bool = false) -> Tensor {
        reduce(.mean, axes, keepingDimensions)
    }

    /// The greatest element along an axis, or of all.
    public func max(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.max, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The greatest element along axes; none means all.
    public func max(axes: [Int], keepingDimensions: Bool = false) -> Tensor {
        reduce(.max, axes, keepingDimensions)
    }

    /// The least element along an axis, or of all.
    public func min(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.min, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The least element along axes; none means all.
    public func min(axes: [Int], keepingDimensions: Bool = false) -> Tensor {
        reduce(.min, axes, keepingDimensions)
    }

    /// The product along an axis, or of all elements.
    public func product(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.product, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// Whether any element along an axis, or of all, is true.
    public func any(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.any, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// Whether all elements along an axis, or all, are true.
    public func all(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.all, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The variance along an axis, or of all elements.
    ///
    /// - Parameters:
    ///   - axis: The axis.
    ///   - keepingDimensions: Whether the axis stays, with extent 1.
    ///   - correction: What is taken from the count in the divisor: 0 for the variance of a
    ///     population, 1 for the estimate from a sample.
    /// - Returns: The variance.
    public func variance(
        axis: Int? = nil, keepingDimensions: Bool = false, correction: Int = 0
    ) -> Tensor {
        reduce(.variance, axis.map { [$0] } ?? [], keepingDimensions, extra: [correction])
    }

    /// The Euclidean norm along an axis, or of all elements.
    public func norm(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.norm, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The index of the first greatest element along an axis, or in the flattened tensor.
    public func argMax(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.arg_max, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The index of the first least element along an axis, or in the flattened tensor.
    public func argMin(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.arg_min, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// The logarithm of the sum of exponentials along an axis, or of all elements, without
    /// overflow.
    public func logSumExp(axis: Int? = nil, keepingDimensions: Bool = false) -> Tensor {
        reduce(.log_sum_exp, axis.map { [$0] } ?? [], keepingDimensions)
    }

    /// Exponentials along an axis, scaled so that they sum to 1.
    public func softmax(axis: Int) -> Tensor { apply(.softmax, integers: [axis]) }

    /// The logarithm of ``softmax(axis:)``.
    public func logSoftmax(axis: Int) -> Tensor {
        self - logSumExp(axis: axis, keepingDimensions: true)
    }

    /// The elements of an axis in ascending order.
    public func sorted(axis: Int) -> Tensor { apply(.sort, integers: [axis]) }

    /// The indices that put an axis in ascending order.
    public func argSorted(axis: Int) -> Tensor { apply(.arg_sort, integers: [axis]) }

    /// The greatest elements of an axis, in no order.
    public func top(_ count: Int, axis: Int) -> Tensor { apply(.top, integers: [count, axis]) }

    /// Running sums along an axis, each with its own element.
    public func cumulativeSum(axis: Int) -> Tensor {
        apply(.cumulative_sum, integers: [axis])
    }
}
