// SPDX-License-Identifier: Apache-2.0
// What rounding and chance do to a difference's singular values: below it nothing can be told.

import Foundation
import Tensors

/// Bounds that follow from the rounding of the derived values and from random matrices.
struct Floors {
    /// Below this a singular value is indistinguishable from rounding.
    let rounding: Double
    /// The energy that rounding accounts for.
    let roundingEnergy: Double
    /// The largest singular value of independent entries with the norms of the difference's rows
    /// and columns: at most the sum of the largest row's and the largest column's (arXiv 1408.6185).
    let edge: Double

    /// - Parameters:
    ///   - scan: of the difference.
    ///   - precision: what the derived values were rounded to.
    ///   - largest: the largest singular value.
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

    /// Whether a difference is what independent entries give, whatever their sizes by row and column.
    ///
    /// With rows and columns scaled to equal energy, the largest singular value of noise lies at
    /// sqrt(rows) + sqrt(columns); its square falls off by the law of Tracy and Widom, and five
    /// standard deviations above its mean are allowed (Johnstone 2001). Training leaves directions
    /// that stand far above it.
    static func isStructureless(_ difference: Difference) throws -> Bool {
        let scan = difference.scan
        func scales(_ squares: [Double]) -> [Float] {
            let mean = squares.reduce(0, +) / Double(max(1, squares.count))
            return squares.map { $0 > 0 ? Float((mean / $0).squareRoot()) : 0 }
        }
        let rows = scales(scan.rowSquares)
        let rowScales = Tensor(rows, shape: [rows.count, 1])
        // A column's energy is judged with the rows made equal, or the strongest row would set it.
        var sums = Tensor.zeros([scan.columns])
        try difference.forEachBlock { block in
            let part = rowScales.slice(
                axis: 0, from: block.rows.lowerBound, to: block.rows.upperBound)
            sums = try (sums + (block.difference * part).square().sum(axis: 0)).evaluated()
        }
        let columns = try sums.values().map(Double.init)
        let spectrum = try Spectrum(
            of: difference, probes: 12, scales: (rows, scales(columns)))
        // Rows and columns without any change are no part of the noise.
        let m = Double(scan.rowSquares.filter { $0 > 0 }.count)
        let n = Double(columns.filter { $0 > 0 }.count)
        guard m > 1, n > 1, let largest = spectrum.values.first else { return true }
        let deviation = (columns.reduce(0, +) / Double(scan.count)).squareRoot()
        let side = m.squareRoot() + n.squareRoot()
        let spread = side * pow(1 / m.squareRoot() + 1 / n.squareRoot(), 1.0 / 3)
        // The law's mean is -1.21 and its standard deviation 1.27.
        let edge = side * side + (5 * 1.27 - 1.21) * spread
        let relative = largest / deviation
        return relative * relative <= edge
    }
}
