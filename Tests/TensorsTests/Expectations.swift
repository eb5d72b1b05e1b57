// SPDX-License-Identifier: Apache-2.0
// Comparison of numbers, naming the worst one, and of kernels with composed operations.

import Tensors
import Testing

/// Expects all elements to be close: `|got - wanted| <= atol + rtol |wanted|`.
func expectClose(
    _ got: Tensor, _ wanted: [Float], rtol: Float = 1e-5, atol: Float = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let values = try got.values()
    guard values.count == wanted.count else {
        Issue.record(
            "\(values.count) values instead of \(wanted.count)", sourceLocation: sourceLocation)
        return
    }
    let excess = zip(values, wanted).map { abs($0 - $1) - atol - rtol * abs($1) }
    let worst = excess.indices.max { excess[$0] < excess[$1] } ?? 0
    let close = excess.allSatisfy { $0 <= 0 }
    #expect(
        close, "worst at \(worst): \(values[worst]) instead of \(wanted[worst])",
        sourceLocation: sourceLocation)
}

/// Builds tensors with the CPU's kernels, or of the engine's own operations in their place.
func computing(withKernels kernels: Bool, _ body: () throws -> Void) throws {
    try kernels ? body() : Engine.withComposedOperations(body)
}
