// SPDX-License-Identifier: Apache-2.0
// Operations that treat each element by itself; two tensors broadcast against each other.

import CTensor

/// A Swift number that can stand beside a tensor in an expression.
public protocol TensorScalar: Sendable {
    /// Its value.
    var tensorValue: Double { get }
    /// Whether it takes the type of an integer tensor beside it.
    static var isInteger: Bool { get }
}

extension Float: TensorScalar {
    /// Its value.
    public var tensorValue: Double { Double(self) }
    /// Whether it takes the type of an integer tensor beside it.
    public static var isInteger: Bool { false }
}

extension Double: TensorScalar {
    /// Its value.
    public var tensorValue: Double { self }
    /// Whether it takes the type of an integer tensor beside it.
    public static var isInteger: Bool { false }
}

extension Int: TensorScalar {
    /// Its value.
    public var tensorValue: Double { Double(self) }
    /// Whether it takes the type of an integer tensor beside it.
    public static var isInteger: Bool { true }
}

extension Tensor {
    /// The number as a scalar whose type does not widen this tensor's.
    func scalar<Scalar: TensorScalar>(_ value: Scalar) -> Tensor {
        let own = type
        let fallback: ElementType = Scalar.isInteger ? .int32 : .float32
        let keepsType = own.isFloatingPoint || (Scalar.isInteger && own != .bool)
        return .filled([], value.tensorValue, type: keepsType ? own : fallback)
    }

    /// The sum.
    public static func + (left: Tensor, right: Tensor) -> Tensor { left.apply(.add, with: right) }
    /// The difference.
    public static func - (left: Tensor, right: Tensor) -> Tensor {
        left.apply(.subtract, with: right)
    }
    /// The product.
    public static func * (left: Tensor, right: Tensor) -> Tensor {
        left.apply(.multiply, with: right)
    }
    /// The quotient; of integers too it is a floating-point number.
    public static func / (left: Tensor, right: Tensor) -> Tensor {
        left.apply(.divide, with: right)
    }
    /// The negative.
    public static prefix func - (tensor: Tensor) -> Tensor { tensor.apply(.negate) }

    /// The sum with a number.
    public static func + (left: Tensor, right: some TensorScalar) -> Tensor {
        left + left.scalar(right)
    }
    /// The sum with a number.
    public static func + (left: some TensorScalar, right: Tensor) -> Tensor {
        right.scalar(left) + right
    }
    /// The difference from a number.
    public static func - (left: Tensor, right: some TensorScalar) -> Tensor {
        left - left.scalar(right)
    }
    /// The difference from a number.
    public static func - (left: some TensorScalar, right: Tensor) -> Tensor {
        right.scalar(left) - right
    }
    /// The product with a number.
    public static func * (left: Tensor, right: some TensorScalar) -> Tensor {
        left * left.scalar(right)
    }
    /// The product with a number.
    public static func * (left: some TensorScalar, right: Tensor) -> Tensor {
        right.scalar(left) * right
    }
    /// The quotient by a number.
    public static func / (left: Tensor, right: some TensorScalar) -> Tensor {
        left / left.scalar(right)
    }
    /// The quotient of a number.
    public static func / (left: some TensorScalar, right: Tensor) -> Tensor {
        right.scalar(left) / right
    }

    /// e to the power of each element.
    public func exp() -> Tensor { apply(.exp) }
    /// The natural logarithm.
    public func log() -> Tensor { apply(.log) }
    /// The natural logarithm of 1 + x, exact for small x.
    public func logOnePlus() -> Tensor { apply(.log1p) }
    /// The square root.
    public func sqrt() -> Tensor { apply(.sqrt) }
    /// One over the square root.
    public func rsqrt() -> Tensor { apply(.rsqrt) }
    /// The square.
    public func square() -> Tensor { apply(.square) }
    /// The absolute value.
    public func abs() -> Tensor { apply(.abs) }
    /// The logistic function.
    public func sigmoid() -> Tensor { apply(.sigmoid) }
    /// The hyperbolic tangent.
    public func tanh() -> Tensor { apply(.tanh) }
    /// The sine of radians.
    public func sin() -> Tensor { apply(.sin) }
    /// The cosine of radians.
    public func cos() -> Tensor { apply(.cos) }
    /// The error function.
    public func erf() -> Tensor { apply(.erf) }
    /// The next integer below.
    public func floor() -> Tensor { apply(.floor) }
    /// The next integer above.
    public func ceiling() -> Tensor { apply(.ceil) }
    /// The nearest integer, ties to even.
    public func round() -> Tensor { apply(.round) }
    /// -1, 0 or 1.
    public func sign() -> Tensor { apply(.sign) }
    /// One over each element.
    public func reciprocal() -> Tensor { apply(.reciprocal) }

    /// x times the logistic function of x.
    public func silu() -> Tensor { self * sigmoid() }

    /// The Gaussian error linear unit (arXiv:1606.08415).
    ///
    /// - Parameter approximate: Whether to use the approximation by tanh.
    /// - Returns: A tensor of the same shape.
    public func gelu(approximate: Bool = false) -> Tensor {
        if approximate {
            let inner = (self + self * self * self * 0.044715) * 0.797_884_560_802_865_4
            return self * (inner.tanh() + 1.0) * 0.5
        }
        return self * ((self * 0.707_106_781_186_547_6).erf() + 1.0) * 0.5
    }

    /// Each element to a power.
    ///
    /// - Parameter exponent: The exponents, which broadcast.
    /// - Returns: The powers.
    public func power(_ exponent: Tensor) -> Tensor { apply(.power, with: exponent) }
    /// The remainder of a division, with the sign of the divisor.
    public func remainder(_ divisor: Tensor) -> Tensor { apply(.remainder, with: divisor) }
    /// The larger of two elements.
    public func maximum(_ other: Tensor) -> Tensor { apply(.maximum, with: other) }
    /// The smaller of two elements.
    public func minimum(_ other: Tensor) -> Tensor { apply(.minimum, with: other) }
    /// The larger of an element and a number.
    public func maximum(_ other: some TensorScalar) -> Tensor { maximum(scalar(other)) }
    /// The smaller of an element and a number.
    public func minimum(_ other: some TensorScalar) -> Tensor { minimum(scalar(other)) }

    /// Each element, limited to a range.
    ///
    /// - Parameters:
    ///   - low: The least value.
    ///   - high: The greatest value.
    /// - Returns: A tensor of the same shape.
    public func clipped(_ low: some TensorScalar, _ high: some TensorScalar) -> Tensor {
        maximum(low).minimum(high)
    }

    /// Where elements are equal, as `bool`.
    public func equal(_ other: Tensor) -> Tensor { apply(.equal, with: other) }
    /// Where elements are not equal, as `bool`.
    public func notEqual(_ other: Tensor) -> Tensor { apply(.not_equal, with: other) }
    /// Where this is less, as `bool`.
    public func less(_ other: Tensor) -> Tensor { apply(.less, with: other) }
    /// Where this is not greater, as `bool`.
    public func lessOrEqual(_ other: Tensor) -> Tensor { apply(.less_equal, with: other) }
    /// Where this is greater, as `bool`.
    public func greater(_ other: Tensor) -> Tensor { apply(.greater, with: other) }
    /// Where this is not less, as `bool`.
    public func greaterOrEqual(_ other: Tensor) -> Tensor { apply(.greater_equal, with: other) }
    /// Where elements equal a number, as `bool`.
    public func equal(_ other: some TensorScalar) -> Tensor { equal(scalar(other)) }
    /// Where elements differ from a number, as `bool`.
    public func notEqual(_ other: some TensorScalar) -> Tensor { notEqual(scalar(other)) }
    /// Where this is less than a number, as `bool`.
    public func less(_ other: some TensorScalar) -> Tensor { less(scalar(other)) }
    /// Where this is not greater than a number, as `bool`.
    public func lessOrEqual(_ other: some TensorScalar) -> Tensor { lessOrEqual(scalar(other)) }
    /// Where this is greater than a number, as `bool`.
    public func greater(_ other: some TensorScalar) -> Tensor { greater(scalar(other)) }
    /// Where this is not less than a number, as `bool`.
    public func greaterOrEqual(_ other: some TensorScalar) -> Tensor {
        greaterOrEqual(scalar(other))
    }
    /// Where both are true.
    public func logicalAnd(_ other: Tensor) -> Tensor { apply(.logical_and, with: other) }
    /// Where either is true.
    public func logicalOr(_ other: Tensor) -> Tensor { apply(.logical_or, with: other) }
    /// Where this is false.
    public func logicalNot() -> Tensor { apply(.logical_not) }
    /// Where an element is not a number.
    public func isNaN() -> Tensor { apply(.is_nan) }
    /// Where an element is neither infinite nor not a number.
    public func isFinite() -> Tensor { apply(.is_finite) }

    /// Chooses elements from two tensors; all three broadcast.
    ///
    /// - Parameters:
    ///   - condition: Where to take from the first, of type `bool`.
    ///   - first: The elements where the condition holds.
    ///   - second: The elements elsewhere.
    /// - Returns: The chosen elements.
    public static func `where`(_ condition: Tensor, _ first: Tensor, _ second: Tensor) -> Tensor {
        apply(.where, [condition, first, second])
    }

    /// The same numbers in another element type.
    ///
    /// - Parameter type: The type.
    /// - Returns: A tensor of the same shape.
    public func converted(to type: ElementType) -> Tensor {
        apply(.convert, integers: [Int(type.engineType.rawValue)])
    }

    /// The same numbers, taken as constant by ``valueAndGradient(at:of:)``.
    public func stopGradient() -> Tensor { apply(.stop_gradient) }
}
