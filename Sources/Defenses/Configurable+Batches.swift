// SPDX-License-Identifier: Apache-2.0
// The one check of how many examples a step takes.

internal import Records

extension Configurable {
    /// Checks that each part of a batch has 1 to 4,096 examples.
    ///
    /// - Parameter sizes: The parts by the names of their parameters.
    /// - Throws: `InputError` for the first that has not.
    func requireBatches(_ sizes: KeyValuePairs<String, Int>) throws {
        for (name, size) in sizes { try require(name, size, in: 1...4_096) }
    }
}
