// SPDX-License-Identifier: Apache-2.0
// What rounding and chance do to a difference's singular values: below it nothing can be told.

import Foundation

/// Bounds that follow from the rounding of the derived values and from random matrices.
struct Floors {
    /// Below this a singular value is indistinguishable from rounding.
    let rounding: Double
    /// The energy that rounding accounts for.
    let roundingEnergy: Double
    /// The largest singular value of independent entries with the norms of the difference's rows
    /// and columns: at most the sum of the largest row's and the largest column's
    /// (arXiv:1408.6185).
    let edge: Double

    /// - Parameters:
    ///   - scan: Of the difference.
    ///   - precision: What the derived values were rounded to.
    ///   - largest: The largest singular value.
    init(_ scan: ElementScan, precision: StoragePrecision, largest: Double) {
        // Rounding errs by at most half a unit, uniformly: its variance is a third of the square. To
        // a 16-bit type values are rounded once, at the end, in comparison with which earlier
        // roundings are nothing; in fp32 four are allowed for. A tenth is for chance.
        let roundings = precision == .float32 ? 4.0 : 1.1
        let unit = precision.halfUnit * (roundings / 3).squareRoot()
        let independent =
            unit
            * ((scan.rowPowers.max() ?? 0).squareRoot()
                + Double(scan.columnPowers.max() ?? 0).squareRoot())
        // A product in fp32 errs by its unit times the root of its length.
        let lengths = Double(scan.rows).squareRoot() + Double(scan.columns).squareRoot()
        let arithmetic = StoragePrecision.float32.halfUnit * largest * lengths
        rounding = max(independent, arithmetic)
        roundingEnergy =
            unit * unit * scan.rowPowers.reduce(0, +) + 1e-6 * scan.squareDifference
        edge =
            (scan.rowSquares.max() ?? 0).squareRoot()
            + Double(scan.columnSquares.max() ?? 0).squareRoot()
    }

    /// Returns whether a difference is what independent entries give, whatever their sizes by row
    /// and column.
    ///
    /// With rows and columns scaled to equal energy, the largest singular value of noise lies at
    /// sqrt(rows) + sqrt(columns); its square falls off by the law of Tracy and Widom, and five
    /// standard deviations above its mean are allowed (Johnstone 2001). Training leaves directions
    /// that stand far above it.
    static func isStructureless(_ scan: ElementScan, _ spectrum: Spectrum) -> Bool {
        // Rows and columns without any change are no part of the noise.
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
