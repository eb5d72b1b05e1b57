// SPDX-License-Identifier: Apache-2.0
// Inspects one checkpoint alone for traces of tampering that can be seen without its base.

public import Checkpoints
import Foundation
import JSONText
public import Records
import Tensors

/// Finds traces of changes in a checkpoint's weights when there is no base to compare with.
///
/// Four signatures can be seen without a base: a direction that no matrix writes to the residual
/// stream, values on the levels of a quantisation, exact zeros, and values that fit a narrower
/// type. A change that leaves none of these, such as training or merging, is not detected.
public struct SignatureInspector {
    private let source: any WeightSource

    /// Opens a checkpoint on disk.
    ///
    /// - Throws: `InputError` when the checkpoint names a tensor twice.
    public init(_ checkpoint: Checkpoint) throws {
        source = try CheckpointWeights(checkpoint)
    }

    package init(_ source: any WeightSource) { self.source = source }

    /// Inspects all tensors.
    ///
    /// - Parameter progress: Called before each block of rows. An error that it throws ends the
    ///   inspection.
    /// - Returns: The signatures found and their evidence.
    /// - Throws: `InputError` for NaN; errors of reading, of the engine and of `progress`.
    public func inspect(
        progress: (Inspector.Progress) throws -> Void = { _ in }
    ) throws -> Inspection {
        var search = NullDirectionSearch(source)
        // The tensors that write to the stream are read again, along the direction that was found.
        let total = search.count + source.entries.reduce(0) { $0 + $1.count }
        var done = 0
        func willRead(_ entry: WeightEntry, _ elements: Int) throws {
            try progress(Inspector.Progress(done: done, total: total, tensor: entry.name))
            done += elements
        }
        var findings: [TensorFinding] = []
        for entry in source.entries {
            findings.append(try finding(of: entry, search: &search, willRead: willRead))
            Engine.clearCache()
        }
        var notes: [String] = []
        var operations = VerdictRules(findings: findings).operations()
        let null = try search.result(willRead: willRead)
        if let null, null.isFound {
            operations.insert(
                InspectedOperation(
                    kind: .orthogonalised,
                    summary: "one direction of the residual stream's \(search.width) is written "
                        + "by none of \(null.names.count) matrices, to within rounding",
                    tensorCount: null.names.count, modules: null.modules, layers: null.layers,
                    numbers: ["greatestShare": null.greatestShare]), at: 0)
            for index in findings.indices where null.names.contains(findings[index].entry.name) {
                findings[index].kinds.insert(.orthogonalised, at: 0)
                findings[index].remark =
                    "writes nothing along one direction"
                    + (findings[index].remark.isEmpty ? "" : "; " + findings[index].remark)
            }
        }
        if let remark = null?.remark { notes.append(remark) }
        let narrow = findings.filter {
            $0.entry.isMatrix && $0.precision != .float32
                && $0.entry.storedType == StoragePrecision.float32.name
        }
        let isCast = narrow.count * 2 > findings.filter(\.entry.isMatrix).count
        let castText = isCast ? "stored in F32, and rounded to \(narrow[0].precision.name)" : nil
        if let castText, !operations.isEmpty { notes.append("The values are \(castText).") }
        let verdict: InspectionKind =
            operations.count > 1
            ? .composed : operations.first?.kind ?? (isCast ? .cast : .unremarkable)
        let text =
            operations.isEmpty
            ? castText.map { "values \($0)" }
                ?? "no direction missing, no levels, no zeros, no narrower type"
            : operations.map(\.summary).joined(separator: "; and ")
        notes.append(
            "Without a base, fine-tuning, adapters, noise, merges, and orthogonalisation of other "
                + "strengths than 1 cannot be seen.")
        return Inspection(
            derived: source.name, base: nil, third: nil, verdict: verdict,
            summary: text.prefix(1).uppercased() + text.dropFirst() + ".", agreement: nil,
            operations: operations, notes: notes, tensors: findings.map(\.inspected))
    }

    private func finding(
        of entry: WeightEntry, search: inout NullDirectionSearch,
        willRead: (WeightEntry, Int) throws -> Void
    ) throws -> TensorFinding {
        let scan = try scan(entry, search: &search, willRead: willRead)
        var finding = TensorFinding(entry: entry)
        finding.precision = StoragePrecision.narrowest(scan.derivedFits)
        finding.basePrecision = finding.precision
        guard entry.isMatrix else { return finding }
        let rows = try source.rows(TensorJudge.sampledRows(scan.rows), of: entry)
        let grid = QuantisationGrid(rows: rows, base: nil, precision: finding.precision)
        if grid != nil || entry.isQuantised {
            finding.grid = grid
            finding.scheme = grid?.name ?? "stored as \(entry.storedType)"
            finding.kinds = [.quantised]
            finding.remark = finding.scheme ?? ""
            return finding
        }
        // A trained value is practically never exactly zero.
        let zeros = scan.rowZeros.reduce(0, +)
        if zeros * 1_000 > scan.count, entry.layer != nil {
            let pruning = Pruning(share: Double(zeros) / Double(scan.count), scan: scan, rows: rows)
            finding.pruning = pruning
            finding.kinds = [.pruned]
            finding.remark = "\(percent(pruning.share)) are zero"
        }
        return finding
    }

    /// Makes one pass over a tensor, with the tensor itself as its base.
    private func scan(
        _ entry: WeightEntry, search: inout NullDirectionSearch,
        willRead: (WeightEntry, Int) throws -> Void
    ) throws -> ElementScan {
        let (blocks, columns) = (RowBlocks(entry), entry.columns)
        let spare = FloatMemory(count: blocks.size)
        var scan = ElementScan(columns: columns)
        try blocks.forEach(of: entry, in: source) { rows, memory in
            try willRead(entry, rows.count * columns)
            let parts = try Strips.map(rows, columns: columns) { strip in
                let place = (strip.lowerBound - rows.lowerBound) * columns
                let values = memory.values + place
                var part = ElementScan(columns: columns)
                part.add(
                    base: values, derived: values, difference: spare.values + place,
                    rows: strip.count)
                return part
            }
            for part in parts { scan.append(part) }
            guard scan.isFinite else {
                throw InputError(
                    file: source.name, position: "tensor \(entry.name)",
                    "has a NaN or an infinity", remedy: "export the checkpoint again")
            }
            try search.add(memory.tensor([rows.count, columns]), of: entry)
        }
        try search.finish(entry, scan: scan)
        return scan
    }
}
