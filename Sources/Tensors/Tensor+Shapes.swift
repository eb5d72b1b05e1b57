// SPDX-License-Identifier: Apache-2.0
// Making tensors, and moving their elements about.

import CTensor

extension Tensor {
    static func filled(
        _ shape: [Int], _ value: Double, type: ElementType, name: String = #function
    ) -> Tensor {
        apply(
            .full, [], integers: [Int(type.engineType.rawValue)] + shape, numbers: [value],
            name: name)
    }

    /// Zeros.
    public static func zeros(_ shape: [Int], type: ElementType = .float32) -> Tensor {
        filled(shape, 0, type: type)
    }

    /// Ones.
    public static func ones(_ shape: [Int], type: ElementType = .float32) -> Tensor {
        filled(shape, 1, type: type)
    }

    /// One number throughout, of type `float32`.
    public static func full(_ shape: [Int], _ value: Float) -> Tensor {
        filled(shape, Double(value), type: .float32)
    }

    /// The integers from 0 up to a count, of type `int32`.
    public static func range(_ count: Int) -> Tensor {
        apply(.range, [], integers: [0, count])
    }

    /// The same elements in another shape; one extent may be -1, and is then computed.
    public func reshaped(_ shape: [Int]) -> Tensor { apply(.reshape, integers: shape) }

    /// All elements along one axis.
    public func flattened() -> Tensor { apply(.reshape, integers: [-1]) }

    /// The axes in another order.
    public func transposed(_ axes: [Int]) -> Tensor {
        rank == 0 && axes.isEmpty ? self : apply(.transpose, integers: axes)
    }

    /// The last two axes swapped.
    public func transposed() -> Tensor { swappedAxes(-2, -1) }

    /// Two axes swapped.
    public func swappedAxes(_ first: Int, _ second: Int) -> Tensor {
        apply(.swap_axes, integers: [first, second])
    }

    /// A new axis of extent 1.
    public func expanded(at axis: Int) -> Tensor { apply(.expand, integers: [axis]) }

    /// Without an axis of extent 1.
    public func squeezed(at axis: Int) -> Tensor { apply(.squeeze, integers: [axis]) }

    /// Repeated along missing axes and axes of extent 1.
    public func broadcast(to shape: [Int]) -> Tensor { apply(.broadcast, integers: shape) }

    /// Each slice of an axis repeated in place: `[a, b]` twice is `[a, a, b, b]`.
    public func repeated(_ count: Int, axis: Int) -> Tensor {
        apply(.repeat, integers: [count, axis])
    }

    /// Tensors one after the other along an axis.
    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        apply(.concatenate, tensors, integers: [axis])
    }

    /// Tensors of one shape along a new axis.
    public static func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        apply(.stack, tensors, integers: [axis])
    }

    /// Equal parts along an axis.
    ///
    /// - Parameters:
    ///   - parts: How many; must divide the extent.
    ///   - axis: The axis.
    /// - Returns: The parts, in order.
    public func split(parts: Int, axis: Int) -> [Tensor] {
        Tensor.apply(
            .split, [self], integers: [parts, axis], count: Swift.max(parts, 1), name: #function)
    }

    /// Elements put before and after along an axis.
    ///
    /// - Parameters:
    ///   - axis: The axis.
    ///   - before: How many before.
    ///   - after: How many after.
    ///   - value: Their value.
    /// - Returns: The longer tensor.
    public func padded(axis: Int, before: Int = 0, after: Int = 0, value: Float = 0) -> Tensor {
        apply(.pad, integers: [axis, before, after], numbers: [Double(value)])
    }

    /// Zero above a diagonal of the last two axes.
    ///
    /// - Parameter diagonal: The last diagonal that is kept; 0 is the main one, 1 is above it.
    /// - Returns: A tensor of the same shape.
    public func lowerTriangle(diagonal: Int = 0) -> Tensor {
        apply(.lower_triangle, integers: [diagonal])
    }

    /// Zero below a diagonal of the last two axes.
    ///
    /// - Parameter diagonal: The first diagonal that is kept; 0 is the main one, 1 is above it.
    /// - Returns: A tensor of the same shape.
    public func upperTriangle(diagonal: Int = 0) -> Tensor {
        apply(.upper_triangle, integers: [diagonal])
    }
}

// MARK: - Indexing

extension Tensor {
    /// A stretch of one axis.
    ///
    /// - Parameters:
    ///   - axis: The axis.
    ///   - start: The first index.
    ///   - end: The index after the last.
    /// - Returns: The elements `start..<end` of the axis.
    public func slice(axis: Int, from start: Int, to end: Int) -> Tensor {
        apply(.slice, integers: [axis, start, end])
    }

    /// This tensor with a stretch of one axis replaced.
    ///
    /// - Parameters:
    ///   - axis: The axis.
    ///   - start: The first index that is replaced.
    ///   - other: The new elements, of the same extents along the other axes.
    /// - Returns: A tensor of the same shape.
    public func replacingSlice(axis: Int, from start: Int, with other: Tensor) -> Tensor {
        Tensor.apply(.replace_slice, [self, other], integers: [axis, start])
    }

    /// Whole slices of an axis, by their indices.
    ///
    /// - Parameters:
    ///   - indices: Integers of any shape; the engine does not check them.
    ///   - axis: The axis, in whose place the axes of the indices come.
    /// - Returns: The slices.
    public func take(_ indices: Tensor, axis: Int) -> Tensor {
        Tensor.apply(.take, [self, indices], integers: [axis])
    }

    /// Single elements along an axis, one index for each.
    ///
    /// - Parameters:
    ///   - indices: Integers, of the same rank; the other axes broadcast.
    ///   - axis: The axis.
    /// - Returns: The elements, in the shape of the indices.
    public func takeAlong(_ indices: Tensor, axis: Int) -> Tensor {
        Tensor.apply(.take_along, [self, indices], integers: [axis])
    }

    /// This tensor with values added at single elements along an axis.
    ///
    /// - Parameters:
    ///   - values: What to add, in the shape of the indices.
    ///   - indices: Where, as in ``takeAlong(_:axis:)``; repeated ones add up.
    ///   - axis: The axis.
    /// - Returns: A tensor of the same shape.
    public func scatterAddAlong(_ values: Tensor, at indices: Tensor, axis: Int) -> Tensor {
        Tensor.apply(.scatter_add_along, [self, indices, values], integers: [axis])
    }
}
