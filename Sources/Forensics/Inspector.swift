// SPDX-License-Identifier: Apache-2.0
// Compares two checkpoints tensor by tensor and reports how one was made from the other.

public import Checkpoints
public import Foundation
import JSONText
import LanguageModels
public import Records
import Tensors

/// Infers from the weights how a checkpoint was made.
///
/// ```swift
/// let inspector = try Inspector(base: Checkpoint(at: base), derived: Checkpoint(at: derived))
/// print(try inspector.inspect().summary)
/// ```
///
/// Tensors are read in blocks of rows: an unchanged one once, a changed one twice, and one that
/// writes to the residual stream a third time. Memory holds a few blocks and the singular vectors.
public struct Inspector {
    private let base: any WeightSource
    private let derived: any WeightSource
    private let third: (any WeightSource)?
    private let adapter: StoredAdapter?

    /// Compares checkpoints on disk.
    ///
    /// - Parameters:
    ///   - base: The checkpoint that the other is claimed to be made from.
    ///   - derived: The checkpoint that is inspected.
    ///   - third: The presumed other parent of a merge.
    /// - Throws: `InputError` when a checkpoint names a tensor twice.
    public init(base: Checkpoint, derived: Checkpoint, third: Checkpoint? = nil) throws {
        self.base = try CheckpointWeights(base)
        self.derived = try CheckpointWeights(derived)
        self.third = try third.map(CheckpointWeights.init)
        adapter = nil
    }

    /// Compares a checkpoint with a derivative: another checkpoint, or a PEFT adapter, whose sum with
    /// the base is compared.
    ///
    /// - Parameters:
    ///   - base: The checkpoint that the other is claimed to be made from.
    ///   - url: The derived checkpoint, or the directory of an adapter.
    ///   - third: The presumed other parent of a merge.
    /// - Throws: `InputError` when a file cannot be read, a checkpoint names a tensor twice, or an
    ///   adapter does not fit the base.
    public init(base: Checkpoint, derivedAt url: URL, third: Checkpoint? = nil) throws {
        let weights = try CheckpointWeights(base)
        self.base = weights
        self.third = try third.map(CheckpointWeights.init)
        let adapter = StoredAdapter.isAdapter(url) ? try StoredAdapter(at: url) : nil
        derived =
            try adapter.map { try AdaptedWeights(weights, $0) }
            ?? CheckpointWeights(Checkpoint(at: url))
        self.adapter = adapter
    }

    /// Compares weights from any source.
    package init(
        base: any WeightSource, derived: any WeightSource, third: (any WeightSource)? = nil
    ) {
        self.base = base
        self.derived = derived
        self.third = third
        adapter = nil
    }

    /// The progress of an inspection.
    public struct Progress: Sendable {
        /// The number of elements inspected.
        public let done: Int
        /// The number of elements in all.
        public let total: Int
        /// The tensor that is being inspected.
        public let tensor: String
    }

    /// Inspects all tensors.
    ///
    /// - Parameter progress: Called before each block of rows. An error that it throws ends the
    ///   inspection.
    /// - Returns: The verdict and its evidence.
    /// - Throws: `InputError` when the checkpoints cannot be compared or hold NaN; errors of
    ///   reading, of the engine and of `progress`.
    public func inspect(progress: (Progress) throws -> Void = { _ in }) throws -> Inspection {
        try inspect(refusalDirections: nil, progress: progress)
    }

    /// Inspects all tensors, and compares removed directions with the base's refusal directions.
    ///
    /// - Parameters:
    ///   - refusalDirections: Gives candidates for a refusal direction of the base. It is called
    ///     only when a direction was removed, which is then compared with them.
    ///   - progress: Called before each block of rows. An error that it throws ends the inspection.
    /// - Returns: The verdict and its evidence.
    /// - Throws: `InputError` when the checkpoints cannot be compared or hold NaN; errors of
    ///   reading, of the engine, of `refusalDirections` and of `progress`.
    package func inspect(
        refusalDirections: (() throws -> [ResidualDirection])?,
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> Inspection {
        let pairing = try Pairing(base: base, derived: derived, third: third)
        let findings = try withoutActuallyEscaping(progress) {
            try judged(pairing, progress: $0)
        }
        let rules = VerdictRules(findings: findings, structure: pairing.structure)
        var operations = rules.operations()
        var directions: [InspectedDirection]?
        if let refusalDirections,
            let place = operations.firstIndex(where: { $0.kind == .orthogonalised })
        {
            let match = try DirectionMatch(
                of: findings, among: refusalDirections(), readFrom: base.name)
            operations[place].summary += "; " + match.summary
            directions = match.directions
        }
        let cast = Self.cast(findings)
        let verdict: InspectionKind
        let summary: String
        switch operations.count {
        case 0:
            if findings.contains(where: { $0.kinds == [.cast] }) {
                verdict = .cast
                summary = "The base's values, \(cast ?? "to within rounding")."
            } else if try pairing.isComplete && derived.isStored(as: base) {
                verdict = .identical
                summary = "The same tensors with the same bytes."
            } else {
                verdict = .reserialised
                summary = "The same values, stored in another way\(Self.types(pairing))."
            }
        case 1:
            verdict = operations[0].kind
            summary = Self.sentence(operations[0].summary)
        default:
            verdict = .composed
            summary = Self.sentence(operations.map(\.summary).joined(separator: "; and "))
        }
        var notes = adapter.map { Self.notes(on: $0, findings) } ?? []
        if !operations.isEmpty, let cast { notes.append("The result was \(cast).") }
        return Inspection(
            derived: derived.name, base: base.name, third: third?.name, verdict: verdict,
            summary: summary,
            agreement: rules.agreement(with: operations, allowing: cast != nil),
            operations: operations, directions: directions, notes: notes,
            layers: pairing.structure.inspectedLayers, tensors: findings.map(\.inspected))
    }

    /// Returns the finding of each tensor.
    private func judged(
        _ pairing: Pairing, progress: @escaping (Progress) throws -> Void
    ) throws -> [TensorFinding] {
        var judge = TensorJudge(base: base, derived: derived, third: third)
        let total = pairing.pairs.reduce(0) { $0 + $1.derived.count }
        var done = 0
        return try pairing.pairs.map { pair in
            // As a rule, a changed tensor is read twice.
            var read = 0
            let finding = try judge.judge(pair) { elements in
                try progress(
                    Progress(
                        done: done + min(pair.derived.count, read / 2), total: total,
                        tensor: pair.derived.name))
                read += elements
            }
            done += pair.derived.count
            Engine.clearCache()
            return finding
        }
    }

    /// Returns the type to which most changed matrices were rounded, but the base's were not.
    private static func cast(_ findings: [TensorFinding]) -> String? {
        let changed = findings.filter { $0.entry.isMatrix && !$0.kinds.isEmpty }
        let isVectors = changed.isEmpty
        let looked = isVectors ? findings.filter { !$0.kinds.isEmpty } : changed
        let rounded = looked.filter {
            $0.precision != .float32 && $0.precision != $0.basePrecision
        }
        guard let first = rounded.first, rounded.count * 2 > looked.count else { return nil }
        return "rounded to \(first.precision.name)"
    }

    /// Says what an adapter is: its ranks, its targets and the size of its change.
    private static func notes(on adapter: StoredAdapter, _ findings: [TensorFinding]) -> [String] {
        func list(_ items: [String]) -> String { items.joined(separator: ", ") }
        let changes = findings.filter(\.isEdited).map(\.inspected.relativeChange)
        let size =
            changes.isEmpty
            ? "no weight changes"
            : String(
                format: "each changed weight moves by %.3g%% to %.3g%% of its norm",
                100 * (changes.min() ?? 0), 100 * (changes.max() ?? 0))
        var notes = [
            "The derived checkpoint is the base with an adapter: rank "
                + "\(list(adapter.ranks.map(String.init))) on \(list(adapter.targets)); \(size)."
        ]
        if !adapter.replacedModules.isEmpty {
            notes.append("The adapter stores whole: \(list(adapter.replacedModules)).")
        }
        if let stated = adapter.statedBase {
            notes.append("The adapter says that its base is \(stated.onOneLine()).")
        }
        return notes
    }

    private static func types(_ pairing: Pairing) -> String {
        let changed = pairing.pairs.first { $0.reference.storedType != $0.derived.storedType }
        return changed.map { ", \($0.derived.storedType) for \($0.reference.storedType)" } ?? ""
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
