// SPDX-License-Identifier: Apache-2.0
// How large the singular values of a difference can be by rounding and by chance. Smaller ones show
// nothing.

import Foundation

/// Bounds that follow from the rounding of the derived values and from random matrices.
struct Floors {
    /// A singular value below this cannot be distinguished from rounding.
    let rounding: Double
    /// The energy that rounding explains.
    let roundingEnergy: Double
    /// The largest singular value of independent entries with the row and column norms of the
    /// difference: at most the sum of the largest row norm and the largest column norm
    /// (arXiv:1408.6185).
    let edge: Double

    /// Computes the bounds.
    ///
    /// - Parameters:
    ///   - scan: The scan of the difference.
    ///   - precision: The type to which the derived values were rounded.
    ///   - largest: The largest singular value.
    init(_ scan: ElementScan, precision: StoragePrecision, largest: Double) {
        // A rounding error is uniform up to half a unit: its variance is a third of the square.
        // Values are rounded to a 16-bit type once, at the end, and earlier roundings are
        // negligible beside it; in fp32 four roundings are allowed for. The extra tenth allows for
        // chance.
        let roundings = precision == .float32 ? 4.0 : 1.1
        let unit = precision.halfUnit * (roundings / 3).squareRoot()
        let independent =
            unit
            * ((scan.rowPowers.max() ?? 0).squareRoot()
                + Double(scan.columnPowers.max() ?? 0).squareRoot())
        // The error of a product in fp32 is its unit times the root of its length.
        let lengths = Double(scan.rows).squareRoot() + Double(scan.columns).squareRoot()
        let arithmetic = StoragePrecision.float32.halfUnit * largest * lengths
        rounding = max(independent, arithmetic)
        roundingEnergy =
            unit * unit * scan.rowPowers.reduce(0, +) + 1e-6 * scan.squareDifference
        edge =
            (scan.rowSquares.max() ?? 0).squareRoot()
            + Double(scan.columnSquares.max() ?? 0).squareRoot()
    }

    /// Returns whether a difference looks like independent entries, whatever their sizes by row and
    /// column.
    ///
    /// With rows and columns scaled to equal energy, the largest singular value of noise lies at
    /// sqrt(rows) + sqrt(columns). Its square follows the Tracy-Widom law, and five standard
    /// deviations above the mean are allowed (Johnstone 2001). Training leaves directions far above
    /// that.
    static func isStructureless(_ scan: ElementScan, _ spectrum: Spectrum) -> Bool {
        // Rows and columns without any change are not part of the noise.
        let m = Double(scan.rowSquares.count { $0 > 0 })
        let n = Double(scan.columnSquares.count { $0 > 0 })
        guard m > 1, n > 1 else { return true }
        let side = m.squareRoot() + n.squareRoot()
        let spread = side * pow(1 / m.squareRoot() + 1 / n.squareRoot(), 1.0 / 3)
        // The law's mean is -1.21 and its standard deviation 1.27.
        let edge = side * side + (5 * 1.27 - 1.21) * spread
        return spectrum.balanced * spectrum.balanced <= edge
    }
}
