// SPDX-License-Identifier: Apache-2.0
// The tensor: a value that stands for numbers which the engine computes when they are asked for.

import CTensor

/// An immutable array of numbers with a shape, computed when it is evaluated.
///
/// Operations build a graph and never throw. A failed operation gives a tensor that carries the
/// first ``TensorError``, which ``evaluate(_:)``, ``item()``, ``values()`` and
/// ``valueAndGradient(at:of:)`` throw. Shapes are written outermost axis first; a negative
/// axis counts from the last.
///
/// ```swift
/// let weights = Tensor([1, 2, 3, 4], shape: [2, 2])
/// let product = weights.matmul(weights.transposed())
/// print(try product.values())  // [5, 11, 11, 25]
/// ```
public struct Tensor: Sendable {
    enum State: Sendable {
        case node(Node)
        indirect case failed(TensorError)
    }

    let state: State

    init(_ pointer: OpaquePointer) {
        state = .node(Node(pointer))
    }

    init(failure: TensorError) {
        state = .failed(failure)
    }

    /// A scalar.
    ///
    /// - Parameter value: Its value.
    public init(_ value: Float) {
        self.init([value], shape: [])
    }

    /// A tensor of type `float32`.
    ///
    /// - Parameters:
    ///   - values: The elements, row-major.
    ///   - shape: The extents, whose product must be the number of values.
    public init(_ values: [Float], shape: [Int]) {
        self = values.withUnsafeBytes { Tensor(bytes: $0, shape: shape, type: .float32) }
    }

    /// A tensor of type `int32`.
    ///
    /// - Parameters:
    ///   - values: The elements, row-major.
    ///   - shape: The extents, whose product must be the number of values.
    public init(_ values: [Int32], shape: [Int]) {
        self = values.withUnsafeBytes { Tensor(bytes: $0, shape: shape, type: .int32) }
    }

    /// A tensor of type `bool`.
    ///
    /// - Parameters:
    ///   - values: The elements, row-major.
    ///   - shape: The extents, whose product must be the number of values.
    public init(_ values: [Bool], shape: [Int]) {
        self = values.map { $0 ? UInt8(1) : 0 }.withUnsafeBytes {
            Tensor(bytes: $0, shape: shape, type: .bool)
        }
    }

    /// A tensor with a copy of memory.
    ///
    /// - Parameters:
    ///   - bytes: The elements, row-major, in the machine's byte order.
    ///   - shape: The extents.
    ///   - type: The type of the elements.
    public init(bytes: UnsafeRawBufferPointer, shape: [Int], type: ElementType) {
        var pointer: OpaquePointer?
        var error = ct_error()
        let status = ct_make(
            bytes.baseAddress, bytes.count, shape.map(Int64.init), shape.count, type.engineType,
            &pointer, &error)
        self.init(pointer, status, error, operation: "Tensor(bytes:)", shapes: [shape])
    }

    /// A tensor over memory that somebody else holds, such as a mapped file.
    ///
    /// Nothing is copied unless the memory is not aligned for the type, or begins a page.
    ///
    /// - Parameters:
    ///   - mapping: The elements, row-major, which must not change while `owner` lives.
    ///   - shape: The extents.
    ///   - type: The type of the elements.
    ///   - owner: Who keeps the memory valid; held until no tensor needs it.
    public init(
        mapping: UnsafeRawBufferPointer, shape: [Int], type: ElementType, owner: AnyObject
    ) {
        var pointer: OpaquePointer?
        var error = ct_error()
        let status = ct_make_over(
            mapping.baseAddress, mapping.count, shape.map(Int64.init), shape.count,
            type.engineType, Unmanaged.passRetained(owner).toOpaque(),
            { owner in
                if let owner { Unmanaged<AnyObject>.fromOpaque(owner).release() }
            }, &pointer, &error)
        self.init(pointer, status, error, operation: "Tensor(mapping:)", shapes: [shape])
    }

    private init(
        _ pointer: OpaquePointer?, _ status: ct_status, _ error: ct_error, operation: String,
        shapes: [[Int]]
    ) {
        if status == .ok, let pointer {
            self.init(pointer)
        } else {
            self.init(
                failure: TensorError(operation: operation, shapes: shapes, message: error.text))
        }
    }

    /// The extents, outermost axis first; empty for a scalar and for a failed tensor.
    public var shape: [Int] {
        guard case .node(let node) = state else { return [] }
        var extents = [Int64](repeating: 0, count: ct_rank(node.pointer))
        ct_shape(node.pointer, &extents)
        return extents.map(Int.init)
    }

    /// The number of axes.
    public var rank: Int {
        guard case .node(let node) = state else { return 0 }
        return ct_rank(node.pointer)
    }

    /// The number of elements.
    public var count: Int {
        shape.reduce(1, *)
    }

    /// The type of the elements.
    public var type: ElementType {
        guard case .node(let node) = state else { return .float32 }
        var type = ct_type.float32
        _ = ct_element_type(node.pointer, &type, nil)
        return ElementType(type) ?? .float32
    }

    /// The first failure among the operations that made this tensor, as far as it is known before
    /// evaluation.
    public var error: TensorError? {
        guard case .failed(let error) = state else { return nil }
        return error
    }
}

/// The owner of one engine handle.
///
/// `@unchecked Sendable`: engine arrays are immutable to us, the pointer never changes, and the C
/// interface takes one lock in each call that reads or changes the graph.
final class Node: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        ct_release(pointer)
    }
}

extension ct_error {
    /// The message as a string.
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
