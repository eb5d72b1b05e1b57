// SPDX-License-Identifier: Apache-2.0
// Compares two checkpoints tensor by tensor and says how one was made from the other.

public import Checkpoints
import Foundation
public import Records
import Tensors

/// Says from the weights how a checkpoint was made.
///
/// ```swift
/// let inspector = try Inspector(base: Checkpoint(at: base), derived: Checkpoint(at: derived))
/// print(try inspector.inspect().summary)
/// ```
///
/// Tensors are read in blocks of rows; what is kept of one is at most 512 MiB.
public struct Inspector {
    private let base: any WeightSource
    private let derived: any WeightSource
    private let third: (any WeightSource)?

    /// Compares checkpoints on disk.
    /// - Parameters:
    ///   - base: the checkpoint that the other is said to be made from.
    ///   - derived: the checkpoint that is inspected.
    ///   - third: the other parent of a merge, to be tried.
    /// - Throws: ``InspectionError`` when a checkpoint names a tensor twice.
    public init(base: Checkpoint, derived: Checkpoint, third: Checkpoint? = nil) throws {
        self.base = try CheckpointWeights(base)
        self.derived = try CheckpointWeights(derived)
        self.third = try third.map(CheckpointWeights.init)
    }

    /// Compares weights wherever they are.
    package init(
        base: any WeightSource, derived: any WeightSource, third: (any WeightSource)? = nil
    ) {
        self.base = base
        self.derived = derived
        self.third = third
    }

    /// How far an inspection is.
    public struct Progress: Sendable {
        /// Elements looked at.
        public let done: Int
        /// Elements in all.
        public let total: Int
        /// The tensor that is looked at.
        public let tensor: String
    }

    /// Inspects all tensors.
    /// - Parameter progress: told before each tensor; what it throws ends the inspection.
    /// - Returns: the verdict, and what it rests on.
    /// - Throws: ``InspectionError`` when the checkpoints cannot be compared or hold NaN, errors of
    ///   reading and of the engine, and what `progress` throws.
    public func inspect(progress: (Progress) throws -> Void = { _ in }) throws -> Inspection {
        let pairing = try Pairing(base: base, derived: derived, third: third)
        var notes = pairing.notes
        let judge = TensorJudge(
            base: base, derived: derived, third: third, thirdEntries: pairing.third)
        let total = pairing.pairs.reduce(0) { $0 + $1.derived.count }
        var done = 0
        var findings: [TensorFinding] = []
        // Full rank seen with many probes this often needs no more proof.
        var patience = 3
        for pair in pairing.pairs {
            try progress(Progress(done: done, total: total, tensor: pair.derived.name))
            var finding = try judge.judge(
                pair.base, pair.derived, probes: TensorJudge.probes)
            let size = min(pair.derived.rows, pair.derived.columns)
            if finding.kinds == [.fineTuned], finding.rankIsLeast, patience > 0,
                size > TensorJudge.probes
            {
                finding = try judge.judge(
                    pair.base, pair.derived, probes: TensorJudge.manyProbes)
                if finding.kinds == [.fineTuned] { patience -= 1 }
            }
            findings.append(finding)
            done += pair.derived.count
            Engine.clearCache()
        }
        let rules = VerdictRules(findings: findings)
        let operations = rules.operations()
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
        if !operations.isEmpty, let cast { notes.append("The result was \(cast).") }
        return Inspection(
            derived: derived.name, base: base.name, third: third?.name, verdict: verdict,
            summary: summary,
            agreement: rules.agreement(with: operations, allowing: cast != nil),
            operations: operations, notes: notes, tensors: findings.map(\.inspected))
    }

    /// The type that most changed matrices were rounded to and the base's were not.
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

    private static func types(_ pairing: Pairing) -> String {
        let changed = pairing.pairs.first { $0.base.storedType != $0.derived.storedType }
        return changed.map { ", \($0.derived.storedType) for \($0.base.storedType)" } ?? ""
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
