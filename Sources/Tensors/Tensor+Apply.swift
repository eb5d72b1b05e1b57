// SPDX-License-Identifier: Apache-2.0
// The one way from Swift operations to the engine's.

import CTensor

extension Tensor {
    /// Computes an operation that gives several tensors.
    ///
    /// `name` is the public method that called, for errors.
    static func apply(
        _ operation: ct_operation, _ inputs: [Tensor], integers: [Int] = [],
        numbers: [Double] = [], count: Int, name: String
    ) -> [Tensor] {
        var pointers: [OpaquePointer?] = []
        for input in inputs {
            switch input.state {
            case .node(let node): pointers.append(node.pointer)
            case .failed: return Array(repeating: input, count: count)
            }
        }
        var outputs = [OpaquePointer?](repeating: nil, count: count)
        var error = ct_error()
        let status = withExtendedLifetime(inputs) {
            ct_apply(
                operation, pointers, pointers.count, integers.map(Int64.init), integers.count,
                numbers, numbers.count, &outputs, count, &error)
        }
        let tensors = outputs.compactMap { $0.map(Tensor.init(_:)) }
        if status == .ok, tensors.count == count { return tensors }
        let failure = TensorError(
            operation: String(name.prefix { $0 != "(" }), shapes: inputs.map(\.shape),
            message: error.text)
        return Array(repeating: Tensor(failure: failure), count: count)
    }

    /// Computes an operation that gives one tensor.
    static func apply(
        _ operation: ct_operation, _ inputs: [Tensor], integers: [Int] = [],
        numbers: [Double] = [], name: String = #function
    ) -> Tensor {
        apply(
            operation, inputs, integers: integers, numbers: numbers, count: 1, name: name)[0]
    }

    func apply(
        _ operation: ct_operation, integers: [Int] = [], numbers: [Double] = [],
        name: String = #function
    ) -> Tensor {
        Tensor.apply(operation, [self], integers: integers, numbers: numbers, name: name)
    }

    func apply(_ operation: ct_operation, with other: Tensor, name: String = #function) -> Tensor {
        Tensor.apply(operation, [self, other], name: name)
    }
}
