// SPDX-License-Identifier: Apache-2.0
// The tests of one tensor, in order. Each has a criterion that follows from arithmetic.

import Foundation
import Records
import Tensors

/// Finds out how one tensor was changed.
struct TensorJudge {
    let base: any WeightSource
    let derived: any WeightSource
    let third: (any WeightSource)?

    /// The number of singular vectors for the few tensors that are tested again, because
    /// ``Difference/probes`` vectors were not enough.
    static let manyProbes = 272
    /// The most directions that an orthogonalisation may remove from one matrix.
    static let directions = 4
    /// The number of standard errors above zero from which a correlation shows that two tensors are
    /// related. By chance it happens once in two million tests.
    static let kinship = 5.0

    /// How many more times full rank is verified with ``manyProbes``. After that it is believed
    /// without.
    private(set) var patience = 3

    /// Judges a tensor.
    ///
    /// - Parameters:
    ///   - pair: The derived tensor and what it is compared with, the base's as a rule.
    ///   - willRead: Called before each block with its number of elements.
    /// - Returns: The finding.
    /// - Throws: Errors of reading, of the engine and of `willRead`.
    mutating func judge(
        _ pair: Pairing.Pair, willRead: @escaping (Int) throws -> Void = { _ in }
    ) throws -> TensorFinding {
        let (baseEntry, entry) = (pair.reference, pair.derived)
        let base = pair.parent == .third ? third ?? base : base
        let difference = try Difference(
            base: base, baseEntry, derived: derived, entry, willRead: willRead)
        let scan = difference.scan
        var finding = TensorFinding(entry: entry)
        finding.precision = StoragePrecision.narrowest(scan.derivedFits)
        finding.basePrecision = StoragePrecision.narrowest(scan.baseFits)
        let same = scan.same[finding.precision.rawValue]
        finding.changedShare = 1 - Double(scan.same[0]) / Double(max(1, scan.count))
        finding.relativeChange =
            (scan.squareMoved / max(scan.squareBase, .leastNormalMagnitude)).squareRoot()
        // 1. No change, or only rounding.
        if scan.same[0] == scan.count { return finding }
        if same >= scan.count {
            finding.kinds = [.cast]
            finding.remark = "rounded to \(finding.precision.name)"
            return finding
        }
        // 2. The line through a third checkpoint.
        if let third, let thirdEntry = pair.third {
            finding.line = try LineFit(
                (baseEntry, entry, thirdEntry), of: (base, derived, third),
                precision: finding.precision)
            if let line = finding.line, line.isPoint, line.isExact {
                finding.kinds = [.cast]
                finding.remark = "differs by no more than rounding"
                return finding
            }
            if let line = finding.line, line.isExact || line.isSparseExact {
                finding.kinds = [.merged]
                finding.remark =
                    line.isExact
                    ? "third checkpoint with weight \(decimal(line.weight))"
                    : "\(percent(line.explained)) of the third's task vector, times "
                        + decimal(line.sparseWeight)
                return finding
            }
        }
        guard entry.isMatrix else {
            finding.kinds = [.fineTuned]
            finding.remark = "changed; a vector does not show how"
            return finding
        }
        let sample = try difference.sample(rows: Self.sampledRows(scan.rows))
        // 3. Only zeros.
        if scan.zeroed * 1_000 > scan.count {
            let share = Double(scan.zeroed) / Double(scan.count)
            let pruning = Pruning(share: share, scan: scan, rows: sample.derived)
            if same + scan.zeroed >= scan.count {
                finding.pruning = pruning
                finding.kinds = [.pruned]
                finding.remark = "\(percent(pruning.share)) set to zero, \(pruning.pattern.name)"
                return finding
            }
            finding.pruning = pruning
        }
        // 4. Not related to the base.
        if Self.isUnrelated(scan) {
            finding.kinds = [.unrelated]
            finding.remark = "does not correlate with the base's"
            return finding
        }
        // 5. Quantisation levels.
        findLevels(&finding, sample: sample)
        if let grid = finding.grid, grid.movedShare <= 0.01 { return finding }
        // 6. The structure of the difference.
        let found = try structure(finding, difference, probes: Difference.probes)
        guard found.kinds == [.fineTuned], found.rankIsLeast, patience > 0,
            min(entry.rows, entry.columns) > Difference.probes
        else { return found }
        let finer = try structure(finding, difference, probes: Self.manyProbes)
        if finer.kinds == [.fineTuned] { patience -= 1 }
        return finer
    }

    private func findLevels(
        _ finding: inout TensorFinding, sample: (base: [[Float]], derived: [[Float]])
    ) {
        let grid = QuantisationGrid(
            rows: sample.derived, base: sample.base, precision: finding.precision)
        if let grid, !isBases(grid, sample.base, finding.precision) {
            finding.grid = grid
            finding.scheme = grid.name
        } else if finding.entry.isQuantised {
            finding.scheme = "stored as \(finding.entry.storedType)"
        }
        guard let scheme = finding.scheme else { return }
        finding.kinds = [.quantised]
        finding.remark = scheme
        // Rounding to the nearest level turns only small values into zeros.
        if finding.pruning != nil, let grid, grid.farZeroShare > 0.01 {
            finding.kinds = [.pruned, .quantised]
            finding.remark += ", zeros beyond those of rounding"
        } else {
            finding.pruning = nil
        }
    }

    /// Returns whether the levels may be the base's own, which a small change left in place: if the
    /// base is on the same levels, or on any levels where 16 bits blur them.
    private func isBases(
        _ grid: QuantisationGrid, _ rows: [[Float]], _ precision: StoragePrecision
    ) -> Bool {
        guard let own = QuantisationGrid(rows: rows, base: nil, precision: precision) else {
            return false
        }
        return precision != .float32 || (grid.movedShare <= 0.001 && own.isLike(grid))
    }

    private func structure(
        _ known: TensorFinding, _ difference: Difference, probes: Int
    ) throws -> TensorFinding {
        var finding = known
        if finding.scheme == nil, let pruning = finding.pruning {
            finding.kinds = [.pruned]
            finding.remark = "\(percent(pruning.share)) set to zero"
        }
        let scan = difference.scan
        let spectrum = try Spectrum(of: difference, probes: probes)
        let floors = Floors(
            scan, precision: finding.precision, largest: spectrum.values.first ?? 0)
        // Rounding to levels and setting values to zero leave a difference of independent entries.
        // Structure beyond that is another change.
        let isMasked = !finding.kinds.isEmpty
        let rank = spectrum.rank(
            above: isMasked ? max(floors.rounding, floors.edge) : floors.rounding)
        let energy = spectrum.values.prefix(rank).reduce(0) { $0 + $1 * $1 }
        let isLow =
            rank <= spectrum.greatestLowRank
            && (isMasked || scan.squareDifference - energy <= floors.roundingEnergy)
        finding.rank = rank
        finding.rankIsLeast = isMasked || !isLow
        func found(_ kind: InspectionKind, _ remark: String) {
            if !finding.kinds.contains(kind) { finding.kinds.append(kind) }
            finding.remark += (finding.remark.isEmpty ? "" : "; ") + remark
        }
        if rank == 0, isLow {
            if !isMasked { found(.cast, "differs by no more than rounding") }
            return finding
        }
        if rank > 0, let side = finding.entry.writes, !Self.isScaled(scan) {
            finding.fit = try ProjectionFit(
                difference, side: side, spectrum: spectrum,
                directions: isLow ? min(rank, Self.directions) : Self.directions,
                total: isMasked ? energy : scan.squareDifference)
        }
        if let fit = finding.fit, fit.explained > 0.5 {
            let isExact = (1 - fit.explained) * scan.squareDifference <= floors.roundingEnergy
            found(
                .orthogonalised,
                "a direction taken out with strength \(decimal(fit.strength)), "
                    + (isExact
                        ? "exact to rounding"
                        : "\(percent(fit.explained)) of the difference"))
            if isLow, !isExact, rank > fit.directions {
                found(.lora, "rank \(rank) in all")
            }
        } else if isLow {
            found(.lora, "rank \(rank)\(isMasked ? " or more" : "")")
        } else if isMasked, let grid = finding.grid, grid.farShare < 0.01 {
            found(.quantised, "moved beyond rounding, as calibrated methods do")
        } else if Floors.isStructureless(scan, spectrum) {
            found(
                .noise, "without structure, \(percent(finding.relativeChange)) of the weights' norm"
            )
        } else {
            found(.fineTuned, "rank \(rank)\(finding.rankIsLeast ? " or more" : "")")
        }
        return finding
    }

    /// Returns the indices of up to 16 rows, evenly spaced.
    static func sampledRows(_ count: Int) -> [Int] {
        let wanted = min(16, count)
        return (0..<wanted).map { $0 * count / wanted }
    }

    /// Returns whether the centred correlation is within chance of zero.
    private static func isUnrelated(_ scan: ElementScan) -> Bool {
        let n = Double(scan.count)
        let covariance = scan.product - scan.sumBase * scan.sumDerived / n
        let variances =
            (scan.squareBase - scan.sumBase * scan.sumBase / n)
            * (scan.squareDerived - scan.sumDerived * scan.sumDerived / n)
        guard variances > 0 else { return true }
        return abs(covariance) / variances.squareRoot() * n.squareRoot() < kinship
    }

    /// Returns whether most of the difference is a multiple of the base, as weight decay leaves it.
    private static func isScaled(_ scan: ElementScan) -> Bool {
        let along = scan.product - scan.squareBase
        return along * along > 0.5 * scan.squareBase * scan.squareDifference
    }
}

/// Returns a share as a percentage.
func percent(_ share: Double) -> String {
    let value = share * 100
    let format = abs(value) >= 10 ? "%.0f%%" : abs(value) >= 0.1 ? "%.1f%%" : "%.2g%%"
    return String(format: format, value)
}

/// Returns the value with three significant digits.
func decimal(_ value: Double) -> String { String(format: "%.3g", value) }
