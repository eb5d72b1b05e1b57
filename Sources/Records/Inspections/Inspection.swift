// SPDX-License-Identifier: Apache-2.0
// How one checkpoint was made from another, as an inspection found it.

/// What an inspection of a checkpoint found: a verdict, what it rests on, and a line a tensor.
public struct Inspection: Codable, Sendable, Hashable {
    /// The version of this format.
    public static let currentSchemaVersion = 1

    /// The version of the format that it was written in.
    public var schemaVersion = Inspection.currentSchemaVersion
    /// The checkpoint that was inspected.
    public let derived: String
    /// The checkpoint that it was compared with; nil when there was none.
    public let base: String?
    /// The other parent of a merge that was tried.
    public let third: String?
    /// How the derived checkpoint was made.
    public let verdict: InspectionKind
    /// The verdict in a sentence.
    public let summary: String
    /// The share of all changed elements that stand in tensors whose own test came to one of the
    /// operations of the verdict, 0 to 1; nil where no tensor was compared. It says how uniform the
    /// evidence is. It is not the probability that the verdict is right.
    public let agreement: Double?
    /// What was done to the weights; two or more when the verdict is `composed`.
    public let operations: [InspectedOperation]
    /// The directions that were taken out, beside those for which the base refuses; nil when they
    /// were not compared.
    public let directions: [InspectedDirection]?
    /// What bears on the verdict and is not part of it.
    public let notes: [String]
    /// Each tensor that was looked at, in the order of the base's files.
    public let tensors: [InspectedTensor]

    /// Makes an inspection's outcome.
    public init(
        derived: String, base: String?, third: String?, verdict: InspectionKind, summary: String,
        agreement: Double?, operations: [InspectedOperation],
        directions: [InspectedDirection]? = nil, notes: [String], tensors: [InspectedTensor]
    ) {
        self.derived = derived
        self.base = base
        self.third = third
        self.verdict = verdict
        self.summary = summary
        self.agreement = agreement
        self.operations = operations
        self.directions = directions
        self.notes = notes
        self.tensors = tensors
    }
}

/// Ways in which a checkpoint is made from another.
public enum InspectionKind: String, Codable, Sendable, Hashable, CaseIterable {
    /// The same tensors, stored in the same way.
    case identical
    /// The same values in other files, another order, or a type that loses nothing.
    case reserialised = "re-serialised"
    /// Rounded to a narrower floating-point type, and nothing else.
    case cast
    /// Rounded to few levels.
    case quantised
    /// Weights set to zero.
    case pruned
    /// A random difference without structure.
    case noise
    /// Low-rank adapters added to the weights (arXiv:2106.09685).
    case lora = "lora-merge"
    /// All weights of the changed matrices trained.
    case fineTuned = "fine-tuned"
    /// A direction taken out of what writes to the residual stream (arXiv:2406.11717).
    case orthogonalised
    /// A point on the line through the base and a third checkpoint (arXiv:2212.04089).
    case merged
    /// Two or more of these, one after the other.
    case composed
    /// Weights that have nothing to do with the base's.
    case unrelated
    /// Without a base: none of the signatures that need none was found.
    case unremarkable
}

/// One thing that was done to weights.
public struct InspectedOperation: Codable, Sendable, Hashable {
    /// What it is.
    public let kind: InspectionKind
    /// It in words, with its numbers.
    public var summary: String
    /// The numbers of tensors that show it.
    public let tensorCount: Int
    /// The projections that show it, such as `q_proj`.
    public let modules: [String]
    /// The layers that show it.
    public let layers: [Int]
    /// Its numbers by name: rank, share, strength, weight, bits, groupSize, directionOverlap ...
    public let numbers: [String: Double]

    /// Makes an operation.
    public init(
        kind: InspectionKind, summary: String, tensorCount: Int, modules: [String], layers: [Int],
        numbers: [String: Double]
    ) {
        self.kind = kind
        self.summary = summary
        self.tensorCount = tensorCount
        self.modules = modules
        self.layers = layers
        self.numbers = numbers
    }
}

/// What happened to one tensor.
public struct InspectedTensor: Codable, Sendable, Hashable {
    /// Its Hugging Face name where it has one.
    public let name: String
    /// Its extents in the derived checkpoint.
    public let shape: [Int]
    /// What its own tests came to: nothing when it is unchanged, `cast` when it was only rounded.
    public let kinds: [InspectionKind]
    /// The share of its elements that differ, 0 to 1.
    public let changedShare: Double
    /// The Frobenius norm of the difference over that of the base's tensor.
    public let relativeChange: Double
    /// How many singular values of the difference stand above the rounding floor; nil for vectors
    /// and for what was not looked into.
    public let effectiveRank: Int?
    /// Whether there may be more than the effective rank says.
    public let rankIsLeast: Bool
    /// What was found, in words.
    public let remark: String

    /// Makes a tensor's line.
    public init(
        name: String, shape: [Int], kinds: [InspectionKind], changedShare: Double,
        relativeChange: Double, effectiveRank: Int?, rankIsLeast: Bool, remark: String
    ) {
        self.name = name
        self.shape = shape
        self.kinds = kinds
        self.changedShare = changedShare
        self.relativeChange = relativeChange
        self.effectiveRank = effectiveRank
        self.rankIsLeast = rankIsLeast
        self.remark = remark
    }
}
