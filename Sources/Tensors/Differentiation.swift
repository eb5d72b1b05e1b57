// SPDX-License-Identifier: Apache-2.0
// Gradients of Swift functions.

import CTensor

/// Computes a loss and its gradient.
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
///   - loss: The function, as in `valueAndGradient`; its auxiliary tensors, at most 255, are not
///     differentiated.
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
///   - body: The function, which gives 1 to 256 tensors. It may be called again while a gradient
///     is taken, and must then do the same.
/// - Throws: What `body` throws, or the first ``TensorError`` of its results.
/// - Returns: What `body` returns.
public func checkpointed(
    _ inputs: [Tensor], _ body: @escaping ([Tensor]) throws -> [Tensor]
) throws -> [Tensor] {
    let pointers = try inputs.map { Optional(try $0.pointer()) }
    var outputs = [OpaquePointer?](repeating: nil, count: Int(ct_most_outputs))
    var count = 0
    var error = ct_error()
    let context = Unmanaged.passRetained(EngineFunction(body)).toOpaque()
    let status = withExtendedLifetime(inputs) {
        ct_checkpoint(
            callEngineFunction, context,
            { context in
                if let context { Unmanaged<EngineFunction>.fromOpaque(context).release() }
            }, pointers, pointers.count, &outputs, &count, &error)
    }
    try check(status, error, operation: "checkpointed", inputs)
    return outputs.prefix(count).compactMap { $0.map(Tensor.init(_:)) }
}

private func differentiate(
    at parameters: [Tensor], of body: ([Tensor]) throws -> [Tensor]
) throws -> (values: [Tensor], gradients: [Tensor]) {
    let pointers = try parameters.map { Optional(try $0.pointer()) }
    var values = [OpaquePointer?](repeating: nil, count: Int(ct_most_outputs))
    var count = 0
    var gradients = [OpaquePointer?](repeating: nil, count: parameters.count)
    var error = ct_error()
    let status = withoutActuallyEscaping(body) { body in
        let function = EngineFunction(body)
        return withExtendedLifetime((function, parameters)) {
            ct_value_and_gradient(
                callEngineFunction, Unmanaged.passUnretained(function).toOpaque(), pointers,
                pointers.count, &values, &count, &gradients, &error)
        }
    }
    try check(status, error, operation: "valueAndGradient", parameters)
    return (
        values.prefix(count).compactMap { $0.map(Tensor.init(_:)) },
        gradients.compactMap { $0.map(Tensor.init(_:)) }
    )
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

private let callEngineFunction: ct_function = {
    context, inputs, inputCount, outputs, outputCount, error in
    do {
        guard let context else { return .failed }
        let function = Unmanaged<EngineFunction>.fromOpaque(context).takeUnretainedValue()
        let given = (0..<inputCount).compactMap { inputs?[$0].map(Tensor.init(_:)) }
        let results = try function.body(given)
        guard results.count <= Int(ct_most_outputs) else {
            throw TensorError(
                operation: "valueAndGradient", shapes: [],
                message: "the function gave \(results.count) tensors, more than 256")
        }
        let pointers = try results.map { try $0.pointer() }
        withExtendedLifetime(results) {
            for (index, pointer) in pointers.enumerated() { outputs?[index] = ct_copy(pointer) }
            outputCount?.pointee = pointers.count
        }
        return .ok
    } catch let failure {
        error?.pointee.payload = Unmanaged.passRetained(CarriedError(failure)).toOpaque()
        return .stopped
    }
}
