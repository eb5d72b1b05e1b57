// SPDX-License-Identifier: Apache-2.0
// The result of the tests of one tensor.

import Foundation
import Records

/// The findings about one tensor.
struct TensorFinding {
    let entry: WeightEntry
    /// The operations found, in the order of the tests; empty when there are none.
    var kinds: [InspectionKind] = []
    var remark = ""
    var changedShare = 0.0
    var relativeChange = 0.0
    /// The number of singular values above the floor, and whether there may be more.
    var rank: Int?
    var rankIsLeast = false
    var fit: ProjectionFit?
    var grid: QuantisationGrid?
    /// The name of a quantised storage type, or of ``grid``.
    var scheme: String?
    var pruning: Pruning?
    var line: LineFit?
    /// The types to which the derived tensor's and the base's values were rounded.
    var precision = StoragePrecision.float32
    var basePrecision = StoragePrecision.float32

    /// Whether the tensor was changed by more than rounding to another type.
    var isEdited: Bool { !kinds.isEmpty && kinds != [.cast] }

    var inspected: InspectedTensor {
        InspectedTensor(
            name: entry.name, shape: entry.shape, kinds: kinds, changedShare: changedShare,
            relativeChange: relativeChange, effectiveRank: rank, rankIsLeast: rankIsLeast,
            remark: remark)
    }
}

/// The pattern of the weights of a tensor that were set to zero.
struct Pruning {
    enum Pattern: Hashable {
        /// The smallest weights of the tensor, or of each row.
        case magnitude, magnitudeByRow
        /// Whole rows or columns.
        case rows, columns
        /// A fixed number of weights in each group of neighbours in a row.
        case groups(zeros: Int, of: Int)
        /// No pattern of the above.
        case scattered
        /// The old values are not known.
        case unknown

        var name: String {
            switch self {
            case .magnitude: "the smallest of each matrix"
            case .magnitudeByRow: "the smallest of each row"
            case .rows: "whole rows"
            case .columns: "whole columns"
            case .groups(let zeros, let size): "\(zeros) of each \(size)"
            case .scattered: "not by magnitude"
            case .unknown: "which ones is not known"
            }
        }
    }

    /// The share of the elements that became zero.
    let share: Double
    let pattern: Pattern

    /// Finds the pattern of the zeros.
    ///
    /// - Parameters:
    ///   - share: The share of the elements that became zero.
    ///   - scan: The scan of the base and the derived tensor.
    ///   - rows: Some rows of the derived tensor.
    init(share: Double, scan: ElementScan, rows: [[Float]]) {
        self.share = share
        let wholeRows = scan.rowZeros.filter { $0 == scan.columns }.count
        let wholeColumns = scan.columnZeros.prefix(scan.columns)
            .filter { Int($0) == scan.rows }.count
        let zeros = scan.rowZeros.reduce(0, +)
        let group = [(2, 4), (4, 8), (1, 4)].first { zeros, size in
            rows.allSatisfy { row in
                row.count >= size
                    && stride(from: 0, to: row.count / size * size, by: size).allSatisfy { start in
                        row[start..<start + size].filter { $0 == 0 }.count == zeros
                    }
            }
        }
        if zeros > 0, wholeRows * scan.columns * 10 >= zeros * 9 {
            pattern = .rows
        } else if zeros > 0, wholeColumns * scan.rows * 10 >= zeros * 9 {
            pattern = .columns
        } else if let group {
            pattern = .groups(zeros: group.0, of: group.1)
        } else if scan.zeroed == 0 {
            pattern = .unknown
        } else if scan.largestZeroed <= scan.smallestKept {
            pattern = .magnitude
        } else if scan.disorderedRows == 0 {
            pattern = .magnitudeByRow
        } else {
            pattern = .scattered
        }
    }
}
