// SPDX-License-Identifier: Apache-2.0
// Matrices of integers or small floats, with scales and zero points for tiles.

/// A matrix whose values are (code - zero) · scale.
package struct ScaledMatrix: Sendable, Hashable {
    /// Where the codes are.
    enum Codes: Sendable, Hashable {
        /// A tensor of the matrix's own shape.
        case elements(StoredTensor)
        /// Packed integers with a line for each row.
        case rows(PackedIntegers)
        /// Packed integers with a line for each column.
        case columns(PackedIntegers)
    }

    /// What is subtracted from a code.
    enum Zeros: Sendable, Hashable {
        case constant(Int)
        /// One for each scale, in the same layout.
        case elements(StoredTensor)
        /// Packed integers, a line for each group of columns, to which a constant is added.
        case groups(PackedIntegers, plus: Int)
    }

    /// The group of columns that shares a scale.
    enum Groups: Sendable, Hashable {
        /// Columns of consecutive groups of one size.
        case consecutive(Int)
        /// The group of each column.
        case listed(StoredTensor)
    }

    let rows: Int
    let columns: Int
    let codes: Codes
    let zeros: Zeros
    /// [rows / rows of a tile, groups], or [groups, rows] if `scalesAreTransposed`.
    let scales: StoredTensor
    var scalesAreTransposed = false
    let groups: Groups
    let groupCount: Int
    /// The rows that share a scale.
    var tileRows = 1
    /// What each product is multiplied with.
    var factor: Float = 1

    var companions: [StoredTensor] {
        var all = [scales]
        switch zeros {
        case .constant: break
        case .elements(let tensor): all.append(tensor)
        case .groups(let integers, _): all.append(integers.words)
        }
        if case .listed(let tensor) = groups { all.append(tensor) }
        return all
    }
}
