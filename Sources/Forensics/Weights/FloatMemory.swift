// SPDX-License-Identifier: Apache-2.0
// Memory of fp32 values that the engine can use without a copy.

import Tensors

/// Memory for fp32 values. A tensor keeps it for as long as it needs it.
///
/// `@unchecked Sendable`: it is written only while no tensor uses it.
final class FloatMemory: @unchecked Sendable {
    let values: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
        values = raw.bindMemory(to: Float.self, capacity: max(1, count))
    }

    deinit { UnsafeMutableRawPointer(values).deallocate() }

    /// Replaces memory that a tensor still uses by new memory, so that it can be written.
    static func renew(_ memory: inout FloatMemory) {
        if !isKnownUniquelyReferenced(&memory) { memory = FloatMemory(count: memory.count) }
    }

    /// Returns a tensor over the first values.
    func tensor(_ shape: [Int]) -> Tensor {
        Tensor(
            mapping: UnsafeRawBufferPointer(
                start: values, count: shape.reduce(1, *) * MemoryLayout<Float>.stride),
            shape: shape, type: .float32, owner: self)
    }
}
