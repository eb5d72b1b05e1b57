// SPDX-License-Identifier: Apache-2.0
// Weights that exist in memory only, such as those of a tampered model.

import Foundation
import JSONText
package import Tensors

/// Tensors in memory as a source of weights.
package struct MemoryWeights: WeightSource {
    package let name: String
    package let entries: [WeightEntry]
    private let tensors: [String: Tensor]
    /// Serialises the use of the engine, which serves one thread at a time.
    private let engine = NSLock()

    /// Takes tensors as weights.
    ///
    /// - Parameters:
    ///   - name: The name in messages.
    ///   - tensors: fp32 tensors by Hugging Face name. They are read in the order of their names.
    ///   - storedType: The storage type to report.
    /// - Throws: The error that a tensor carries.
    package init(name: String, tensors: [String: Tensor], storedType: String = "F32") throws {
        try evaluate(Array(tensors.values))
        self.name = name
        self.tensors = tensors
        entries = tensors.keys.sorted().map { key in
            WeightEntry(
                name: key, storedName: key, shape: tensors[key]?.shape ?? [],
                storedType: storedType)
        }
    }

    package func read(
        _ entry: WeightEntry, rows: Range<Int>, into target: UnsafeMutablePointer<Float>
    ) throws {
        guard let tensor = tensors[entry.storedName] else {
            throw InputError(
                file: name, position: "tensor \(entry.name)", "is missing",
                remedy: "name a tensor of the model")
        }
        let columns = entry.columns
        let rows = entry.stored(rows)
        try engine.withLock {
            try tensor.withBytes { bytes in
                guard let start = bytes.baseAddress, !rows.isEmpty else { return }
                let size = MemoryLayout<Float>.stride
                memcpy(
                    target, start + rows.lowerBound * columns * size, rows.count * columns * size)
            }
        }
    }
}
