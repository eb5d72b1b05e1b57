// SPDX-License-Identifier: Apache-2.0
// The failure of a tensor operation.

/// What went wrong in a tensor operation.
///
/// Building a graph never throws: the tensor that a failed operation gives carries the first such
/// error to whoever evaluates it.
public struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The operation as it is called, such as `matmul`.
    public let operation: String
    /// The shapes of the operation's inputs, outermost axis first.
    public let shapes: [[Int]]
    /// What the engine said about it.
    public let message: String

    /// Operation, shapes and message in one line.
    public var description: String {
        let inputs = shapes.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" }
        let place = inputs.isEmpty ? operation : "\(operation) of \(inputs.joined(separator: ", "))"
        return "\(place): \(message)"
    }
}
