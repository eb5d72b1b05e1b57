// SPDX-License-Identifier: Apache-2.0
// Whether a derived tensor lies on the line through the base's and a third checkpoint's.

import Foundation

/// The derived tensor as base + weight (third - base), element by element.
struct LineFit {
    /// The weight that fits best.
    let weight: Double
    /// The share of the difference's energy along the line, 0 to 1.
    let explained: Double
    /// The energy off the line that rounding accounts for.
    let roundingEnergy: Double
    /// The energy off the line.
    let residual: Double
    /// The energy off the line where the derived tensor left the base, for the weight that fits
    /// there: small for a merge that dropped part of the task vector (arXiv 2311.03099).
    let sparseWeight: Double
    let sparseResidual: Double
    /// The energy of the difference.
    let energy: Double

    /// Whether the third checkpoint's tensor is the base's.
    var isPoint: Bool { weight == 0 }
    var isExact: Bool { residual <= roundingEnergy }
    var isSparseExact: Bool { sparseResidual <= roundingEnergy }

    /// - Throws: when a tensor cannot be read.
    init(
        _ entries: (base: WeightEntry, derived: WeightEntry, third: WeightEntry),
        of sources: (base: any WeightSource, derived: any WeightSource, third: any WeightSource),
        precision: StoragePrecision
    ) throws {
        let entry = entries.derived
        let size = Difference.blockRows(entry) * entry.columns
        let memory = (0..<3).map { _ in FloatMemory(count: size) }
        func forEachBlock(_ body: (Int) -> Void) throws {
            for rows in Difference.blocks(entry) {
                try sources.base.read(entries.base, rows: rows, into: memory[0].values)
                try sources.derived.read(entry, rows: rows, into: memory[1].values)
                try sources.third.read(entries.third, rows: rows, into: memory[2].values)
                body(rows.count * entry.columns)
            }
        }
        let (w, v, c) = (memory[0].values, memory[1].values, memory[2].values)
        var (dd, de, ee, powers) = (0.0, 0.0, 0.0, 0.0)
        try forEachBlock { count in
            for index in 0..<count {
                let d = Double(v[index]) - Double(w[index])
                let e = Double(c[index]) - Double(w[index])
                dd += d * d
                de += d * e
                ee += e * e
                let size = max(v[index].binade, w[index].binade, c[index].binade)
                powers += Double(size) * Double(size)
            }
        }
        let unit = 2 * precision.halfUnit
        guard ee > 0, de != 0 else {
            // Where the third is the base, so is every point of the line.
            (weight, explained, sparseWeight) = (0, 0, 0)
            (residual, sparseResidual, energy) = (dd, dd, dd)
            roundingEnergy = unit * unit / 3 * powers
            return
        }
        let (weight, sparse) = (de / ee, dd / de)
        var (residual, sparseResidual) = (0.0, 0.0)
        try forEachBlock { count in
            for index in 0..<count {
                let d = Double(v[index]) - Double(w[index])
                let e = Double(c[index]) - Double(w[index])
                residual += (d - weight * e) * (d - weight * e)
                if v[index] != w[index] {
                    sparseResidual += (d - sparse * e) * (d - sparse * e)
                }
            }
        }
        self.weight = weight
        self.residual = residual
        explained = de * de / (dd * ee)
        sparseWeight = sparse
        self.sparseResidual = sparseResidual
        energy = dd
        // Two products and their sum are rounded, in proportion to the weights.
        let spread = 1 + weight * weight + (1 - weight) * (1 - weight)
        roundingEnergy = unit * unit / 3 * powers * max(1, spread / 2)
        sources.third.release(entries.third)
    }
}

extension Float {
    /// The greatest power of two that is not above the magnitude.
    fileprivate var binade: Float { Float(bitPattern: bitPattern & 0x7F80_0000) }
}
