// SPDX-License-Identifier: Apache-2.0
// What attacks share in reading their parameters and their data.

import LanguageModels
import Records

extension Attack {
    /// Throws an ``AdversaryError`` when a parameter is out of its range.
    func require<Value: Comparable>(_ name: String, _ value: Value, in range: ClosedRange<Value>)
        throws
    {
        guard range.contains(value) else {
            throw AdversaryError(
                place: "\(Self.entry.name).\(name)",
                problem: "\(value) is out of range; choose from "
                    + "\(range.lowerBound) to \(range.upperBound)")
        }
    }
}

extension Array {
    /// At most `count` elements, drawn without replacement.
    func sample(_ count: Int, seed: UInt64) -> [Element] {
        var generator = SplitMix64(seed: seed)
        return Array(shuffled(using: &generator).prefix(count))
    }
}

