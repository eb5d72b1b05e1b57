// SPDX-License-Identifier: Apache-2.0
// Tests whether a derived tensor lies on the line through the base and a third checkpoint.

import Foundation

/// The derived tensor as base + weight (third - base), element by element.
struct LineFit {
    /// The best-fitting weight.
    let weight: Double
    /// The share of the difference's energy along the line, 0 to 1.
    let explained: Double
    /// The energy off the line that rounding explains.
    let roundingEnergy: Double
    /// The energy off the line.
    let residual: Double
    /// The best-fitting weight over the elements where the derived tensor differs from the base,
    /// and the energy off that line: small for a merge that dropped part of the task vector
    /// (arXiv:2311.03099).
    let sparseWeight: Double
    let sparseResidual: Double

    /// Whether the third checkpoint's tensor is the base's.
    var isPoint: Bool { weight == 0 }
    var isExact: Bool { residual <= roundingEnergy }
    var isSparseExact: Bool { sparseResidual <= roundingEnergy }

    /// Fits the line.
    ///
    /// - Throws: Errors of reading.
    init(
        _ entries: (base: WeightEntry, derived: WeightEntry, third: WeightEntry),
        of sources: (base: any WeightSource, derived: any WeightSource, third: any WeightSource),
        precision: StoragePrecision
    ) throws {
        let first = try Self.sums(entries, sources) { w, v, c in
            let (d, e) = (Double(v) - Double(w), Double(c) - Double(w))
            let power = Double(max(v.binade, w.binade, c.binade))
            return SIMD4(d * d, d * e, e * e, power * power)
        }
        let (dd, de, ee, powers) = (first[0], first[1], first[2], first[3])
        let unit = 2 * precision.halfUnit
        guard ee > 0, de != 0 else {
            // Where the third tensor equals the base, so does every point of the line.
            (weight, explained, sparseWeight) = (0, 0, 0)
            (residual, sparseResidual) = (dd, dd)
            roundingEnergy = unit * unit / 3 * powers
            return
        }
        let (weight, sparse) = (de / ee, dd / de)
        let second = try Self.sums(entries, sources) { w, v, c in
            let (d, e) = (Double(v) - Double(w), Double(c) - Double(w))
            let (off, sparseOff) = (d - weight * e, v == w ? 0 : d - sparse * e)
            return SIMD4(off * off, sparseOff * sparseOff, 0, 0)
        }
        self.weight = weight
        residual = second[0]
        explained = de * de / (dd * ee)
        sparseWeight = sparse
        sparseResidual = second[1]
        // Two products and their sum are rounded, in proportion to the weights.
        let spread = 1 + weight * weight + (1 - weight) * (1 - weight)
        roundingEnergy = unit * unit / 3 * powers * max(1, spread / 2)
    }

    /// Returns the sums of `term` over all elements of base, derived and third.
    private static func sums(
        _ entries: (base: WeightEntry, derived: WeightEntry, third: WeightEntry),
        _ sources: (base: any WeightSource, derived: any WeightSource, third: any WeightSource),
        _ term: (Float, Float, Float) -> SIMD4<Double>
    ) throws -> SIMD4<Double> {
        let inputs = [
            (sources.base, entries.base), (sources.derived, entries.derived),
            (sources.third, entries.third),
        ]
        let (blocks, columns) = (RowBlocks(entries.derived), entries.derived.columns)
        let memory = inputs.map { _ in FloatMemory(count: blocks.size) }
        var total = SIMD4<Double>()
        for rows in blocks.ranges {
            let parts = try Strips.map(rows, columns: columns) { strip in
                let place = (strip.lowerBound - rows.lowerBound) * columns
                let values = memory.map { $0.values + place }
                for ((source, entry), target) in zip(inputs, values) {
                    try source.read(entry, rows: strip, into: target)
                }
                var sum = SIMD4<Double>()
                for index in 0..<strip.count * columns {
                    sum += term(values[0][index], values[1][index], values[2][index])
                }
                return sum
            }
            for (source, entry) in inputs { source.release(entry, rows: rows) }
            for part in parts { total += part }
        }
        for (source, entry) in inputs { source.release(entry, rows: 0..<entry.rows) }
        return total
    }
}

extension Float {
    /// The greatest power of two that does not exceed the magnitude.
    fileprivate var binade: Float { Float(bitPattern: bitPattern & 0x7F80_0000) }
}
