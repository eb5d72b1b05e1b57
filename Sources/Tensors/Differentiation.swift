// SPDX-License-Identifier: Apache-2.0
// Gradients of Swift functions.

import CTensor

/// Computes a loss and its gradient.
///
/// Calls may be nested. What an inner call returns depends on the outer parameters as any other
/// tensor does, so that gradients can be differentiated again, also through the steps of an
/// ``Optimizer``:
///
/// ```swift
/// let (_, second) = try valueAndGradient(at: [Tensor(2)]) { outer in
///     let (_, first) = try valueAndGradient(at: outer) { $0[0] * $0[0] * $0[0] }
///     return first[0]
/// }
/// print(try second[0].item())  // 12, the second derivative of x³ at 2
/// ```
///
/// - Parameters:
///   - parameters: Where to differentiate; floating-point tensors.
///   - loss: The function. It is called once, now, on this thread, and must make its result from
///     the tensors that it is given. It must not wait for another thread that uses tensors.
/// - Throws: What `loss` throws, or the first ``TensorError`` of its result or its gradient.
/// - Returns: The value, and the gradients in the order and shapes of the parameters; neither is
///   evaluated yet.
public func valueAndGradient(
    at parameters: [Tensor], of loss: ([Tensor]) throws -> Tensor
) throws -> (value: Tensor, gradients: [Tensor]) {
    let (values, gradients) = try differentiate(at: parameters) { [try loss($0)] }
    return (values[0], gradients)
}

/// Computes a loss, its gradient, and what the loss was made from.
///
/// - Parameters:
///   - parameters: Where to differentiate; floating-point tensors.
///   - loss: The function, as in `valueAndGradient`; its auxiliary tensors, of any number, are
///     not differentiated.
/// - Throws: What `loss` throws, or the first ``TensorError`` of its results or its gradient.
/// - Returns: The value, the auxiliary tensors, and the gradients.
public func valueAndGradientWithAuxiliary(
    at parameters: [Tensor], of loss: ([Tensor]) throws -> (loss: Tensor, auxiliary: [Tensor])
) throws -> (value: Tensor, auxiliary: [Tensor], gradients: [Tensor]) {
    let (values, gradients) = try differentiate(at: parameters) {
        let result = try loss($0)
        return [result.loss] + result.auxiliary
    }
    return (values[0], Array(values.dropFirst()), gradients)
}

/// Computes a function so that a gradient will compute its inner tensors again instead of keeping
/// them (arXiv:1604.06174).
///
/// - Parameters:
///   - inputs: The function's inputs. Gradients flow to these alone, not to what `body` captures.
///   - body: The function, which gives 1 tensor or more. It may be called again while a gradient
///     is taken, and must then do the same.
/// - Throws: What `body` throws, or the first ``TensorError`` of its results.
/// - Returns: What `body` returns.
public func checkpointed(
    _ inputs: [Tensor], _ body: @escaping ([Tensor]) throws -> [Tensor]
) throws -> [Tensor] {
    let pointers = try inputs.map { Optional(try $0.pointer()) }
    var outputs: OpaquePointer?
    var error = ct_error()
    let context = Unmanaged.passRetained(EngineFunction(body)).toOpaque()
    let status = withExtendedLifetime(inputs) {
        ct_checkpoint(
            callEngineFunction, context,
            { context in
                if let context { Unmanaged<EngineFunction>.fromOpaque(context).release() }
            }, pointers, pointers.count, &outputs, &error)
    }
    try check(status, error, operation: "checkpointed", inputs)
    return tensors(taking: outputs)
}

private func differentiate(
    at parameters: [Tensor], of body: ([Tensor]) throws -> [Tensor]
) throws -> (values: [Tensor], gradients: [Tensor]) {
    let pointers = try parameters.map { Optional(try $0.pointer()) }
    var values: OpaquePointer?
    var gradients: OpaquePointer?
    var error = ct_error()
    let status = withoutActuallyEscaping(body) { body in
        let function = EngineFunction(body)
        return withExtendedLifetime((function, parameters)) {
            ct_value_and_gradient(
                callEngineFunction, Unmanaged.passUnretained(function).toOpaque(), pointers,
                pointers.count, &values, &gradients, &error)
        }
    }
    try check(status, error, operation: "valueAndGradient", parameters)
    return (tensors(taking: values), tensors(taking: gradients))
}

/// The tensors of a list, which is released.
private func tensors(taking list: OpaquePointer?) -> [Tensor] {
    guard let list else { return [] }
    defer { ct_list_release(list) }
    return tensors(of: list)
}

private func tensors(of list: OpaquePointer) -> [Tensor] {
    (0..<ct_list_count(list)).compactMap { ct_list_tensor(list, $0).map(Tensor.init(_:)) }
}

/// Throws what a callback left behind, or what the engine said.
private func check(
    _ status: ct_status, _ error: ct_error, operation: String, _ inputs: [Tensor]
) throws {
    if status == .ok { return }
    if let payload = error.payload {
        throw Unmanaged<CarriedError>.fromOpaque(payload).takeRetainedValue().error
    }
    throw TensorError(operation: operation, shapes: inputs.map(\.shape), message: error.text)
}

/// A Swift function on its way through the engine.
private final class EngineFunction {
    let body: ([Tensor]) throws -> [Tensor]

    init(_ body: @escaping ([Tensor]) throws -> [Tensor]) {
        self.body = body
    }
}

/// A Swift error on its way back through the engine.
private final class CarriedError {
    let error: any Error

    init(_ error: any Error) {
        self.error = error
    }
}

private let callEngineFunction: ct_function = { context, inputs, outputs, error in
    do {
        guard let context, let inputs, let outputs else { return .failed }
        let function = Unmanaged<EngineFunction>.fromOpaque(context).takeUnretainedValue()
        for result in try function.body(tensors(of: inputs)) {
            try withExtendedLifetime(result) { ct_list_add(outputs, try result.pointer()) }
        }
        return .ok
    } catch let failure {
        error?.pointee.payload = Unmanaged.passRetained(CarriedError(failure)).toOpaque()
        return .stopped
    }
}
