// SPDX-License-Identifier: Apache-2.0
// Codes of 4 bits for blocks of consecutive elements, as bitsandbytes stores them.

/// A tensor whose elements are looked up in a table of 16 values, and scaled block by block.
package struct CodedBlocks: Sendable, Hashable {
    /// The type that the values are rounded to: bitsandbytes computes with them in this type.
    enum Rounding: String, Sendable, Hashable {
        case float32, float16, bfloat16
    }

    /// Scales that are quantised themselves, in blocks of their own.
    struct Nested: Sendable, Hashable {
        let scales: StoredTensor
        /// The 256 values.
        let table: StoredTensor
        let blockSize: Int
        let offset: Float
    }

    /// Two codes to a byte, the first one in the upper half.
    let codes: StoredTensor
    /// The 16 values.
    let table: StoredTensor
    /// The greatest magnitude of each block.
    let scales: StoredTensor
    let nested: Nested?
    let blockSize: Int
    let columns: Int
    let rounding: Rounding

    var companions: [StoredTensor] {
        [table, scales] + (nested.map { [$0.scales, $0.table] } ?? [])
    }
}
