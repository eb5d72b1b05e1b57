// SPDX-License-Identifier: Apache-2.0
// Many derivatives of one base, a line each.

/// The inspections of several checkpoints that are claimed to be made from one base.
public struct InspectionSurvey: Codable, Sendable, Hashable {
    /// The version of this format.
    public static let currentSchemaVersion = 1

    /// The version of the format in which it was written.
    public var schemaVersion = InspectionSurvey.currentSchemaVersion
    /// The base.
    public let base: String
    /// A line for each checkpoint.
    public private(set) var rows: [Row]

    /// Makes a survey.
    public init(base: String, rows: [Row]) {
        self.base = base
        self.rows = rows
    }

    /// One checkpoint.
    public struct Row: Codable, Sendable, Hashable {
        /// The checkpoint, as it was named.
        public let derived: String
        /// How it was made; nil if it could not be inspected.
        public let verdict: InspectionKind?
        /// The kinds of change found.
        public let operations: [InspectionKind]
        /// The verdict in a sentence, or why there is none.
        public let summary: String
        /// How uniform the evidence is, 0 to 1; see ``Inspection/agreement``.
        public let agreement: Double?
        /// The greatest change of a tensor, relative to the norm of the base's.
        public let greatestChange: Double?
        /// Whether a direction was removed that is a refusal direction of the base; nil if no
        /// direction was compared.
        public let matchesRefusalDirection: Bool?
        /// How the model behaves beside the base; nil if it was not run.
        public let behaviour: InspectedBehaviour?

        /// Makes the line of an inspection.
        public init(derived: String, inspection: Inspection) {
            self.derived = derived
            verdict = inspection.verdict
            operations = inspection.operations.map(\.kind)
            summary = inspection.summary
            agreement = inspection.agreement
            greatestChange = inspection.tensors.map(\.relativeChange).filter(\.isFinite).max()
            matchesRefusalDirection = inspection.directions?.contains(where: \.matches)
            behaviour = inspection.behaviour
        }

        /// Makes the line of a checkpoint that could not be inspected.
        public init(derived: String, failure: String) {
            self.derived = derived
            verdict = nil
            operations = []
            summary = failure
            agreement = nil
            greatestChange = nil
            matchesRefusalDirection = nil
            behaviour = nil
        }

        /// How much a moderator should look at it: 3 for a safeguard that was removed, 2 for signs
        /// of that, 1 for changed weights or a checkpoint that could not be inspected, 0 otherwise.
        public var concern: Int {
            if behaviour?.safeguard == .removed { return 3 }
            let isSigned =
                behaviour?.safeguard == .doubtful || matchesRefusalDirection == true
                || (behaviour == nil && operations.contains(.orthogonalised))
            if isSigned { return 2 }
            let harmless: [InspectionKind] = [.identical, .reserialised, .cast]
            return verdict.map { harmless.contains($0) ? 0 : 1 } ?? 1
        }
    }

    /// An order of the lines.
    public enum Order: String, Codable, Sendable, CaseIterable {
        /// The greatest concern first, then the greatest gap, then the greatest change.
        case concern
        /// The greatest loss of refusal first.
        case gap
        /// The greatest change of weights first.
        case change
        /// By verdict.
        case verdict
        /// By name.
        case name
        /// As given.
        case given
    }

    /// Sorts the lines. Lines that are equal in the order stay as they are.
    public mutating func sort(by order: Order) {
        func keys(_ row: Row) -> [Double] {
            let gap = row.behaviour?.gap.difference ?? -2
            let change = row.greatestChange ?? -1
            switch order {
            case .concern: return [Double(row.concern), gap, change]
            case .gap: return [gap]
            case .change: return [change]
            case .verdict, .name, .given: return []
            }
        }
        func text(_ row: Row) -> String {
            switch order {
            case .verdict: row.verdict?.rawValue ?? "\u{10FFFF}"
            case .name: row.derived
            default: ""
            }
        }
        rows = rows.enumerated().sorted { first, second in
            let (one, two) = (keys(first.element), keys(second.element))
            if one != two { return two.lexicographicallyPrecedes(one) }
            let (name, other) = (text(first.element), text(second.element))
            return name != other ? name < other : first.offset < second.offset
        }.map(\.element)
    }
}
