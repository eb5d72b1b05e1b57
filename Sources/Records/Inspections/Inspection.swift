// SPDX-License-Identifier: Apache-2.0
// How one checkpoint was made from another, as an inspection found it.

/// The result of an inspection of a checkpoint: a verdict, its evidence, and one line for each
/// tensor.
public struct Inspection: Codable, Sendable, Hashable {
    /// The version of this format.
    public static let currentSchemaVersion = 1

    /// The version of the format in which it was written.
    public var schemaVersion = Inspection.currentSchemaVersion
    /// The checkpoint that was inspected.
    public let derived: String
    /// The checkpoint with which it was compared; nil when there was none.
    public let base: String?
    /// The presumed other parent of a merge.
    public let third: String?
    /// How the derived checkpoint was made.
    public let verdict: InspectionKind
    /// The verdict in a sentence.
    public let summary: String
    /// The share of all changed elements in tensors whose own test found one of the verdict's
    /// operations, 0 to 1; nil if no tensor was compared. It shows how uniform the evidence is. It
    /// is not the probability that the verdict is right.
    public let agreement: Double?
    /// The changes of the weights; two or more when the verdict is `composed`.
    public let operations: [InspectedOperation]
    /// The removed directions, compared with those for which the base refuses; nil when they were
    /// not compared.
    public let directions: [InspectedDirection]?
    /// Remarks that concern the verdict but are not part of it.
    public let notes: [String]
    /// The layer that each layer was made from; nil where every layer has its own place.
    public let layers: [InspectedLayer]?
    /// How the derived model behaves beside the base; nil if neither was run.
    public var behaviour: InspectedBehaviour?
    /// Each inspected tensor, in the order of the derived checkpoint's files.
    public let tensors: [InspectedTensor]

    /// Makes an inspection's result.
    public init(
        derived: String, base: String?, third: String?, verdict: InspectionKind, summary: String,
        agreement: Double?, operations: [InspectedOperation],
        directions: [InspectedDirection]? = nil, notes: [String],
        layers: [InspectedLayer]? = nil, behaviour: InspectedBehaviour? = nil,
        tensors: [InspectedTensor]
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
        self.layers = layers
        self.behaviour = behaviour
        self.tensors = tensors
    }
}

/// The ways in which a checkpoint is made from another.
public enum InspectionKind: String, Codable, Sendable, Hashable, CaseIterable {
    /// The same tensors, stored in the same way.
    case identical
    /// The same values in other files, another order, or a lossless type.
    case reserialised = "re-serialised"
    /// Only rounded to a narrower floating-point type.
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
    /// A direction removed from the matrices that write to the residual stream (arXiv:2406.11717).
    case orthogonalised
    /// A point on the line through the base and a third checkpoint (arXiv:2212.04089).
    case merged
    /// A matrix with more or fewer rows, such as the embedding of a resized vocabulary.
    case resized = "vocabulary-resized"
    /// Layers repeated or inserted between the base's.
    case grown
    /// Layers dropped.
    case shortened
    /// Layers rearranged, repeated in blocks, or interleaved with those of a third checkpoint.
    case frankenmerged
    /// Experts in place of a dense feed-forward network (arXiv:2212.05055).
    case upcycled
    /// Other experts, or fewer or more of them.
    case expertsChanged = "experts-changed"
    /// A head of its own, where the base's is tied to the embedding.
    case untied = "head-untied"
    /// A head tied to the embedding, where the base has one of its own.
    case tied = "head-tied"
    /// Tensors that the base does not have, such as biases.
    case tensorsAdded = "tensors-added"
    /// Tensors of the base that the derived checkpoint does not have.
    case tensorsRemoved = "tensors-removed"
    /// Tensors of another shape.
    case reshaped
    /// Two or more of these, one after the other.
    case composed
    /// Weights that are not related to the base's.
    case unrelated
    /// Without a base: none of the signatures that can be seen without a base was found.
    case unremarkable
}

/// One change of the weights.
public struct InspectedOperation: Codable, Sendable, Hashable {
    /// The kind of change.
    public let kind: InspectionKind
    /// The change in words, with its numbers.
    public var summary: String
    /// The number of tensors that show it.
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

/// The origin of one layer of a derived checkpoint.
public struct InspectedLayer: Codable, Sendable, Hashable {
    /// The layer.
    public let layer: Int
    /// The checkpoint that it comes from, `base` or `third`; nil for a layer related to none.
    public let parent: String?
    /// The layer of that checkpoint.
    public let parentLayer: Int?
    /// The mean correlation of sampled values of the two, 1 for the same values; nil if the layers
    /// are paired by index alone.
    public let similarity: Double?

    /// Makes a layer's line.
    public init(layer: Int, parent: String?, parentLayer: Int?, similarity: Double?) {
        self.layer = layer
        self.parent = parent
        self.parentLayer = parentLayer
        self.similarity = similarity
    }
}

/// The finding for one tensor.
public struct InspectedTensor: Codable, Sendable, Hashable {
    /// Its Hugging Face name, if it has one.
    public let name: String
    /// Its extents in the derived checkpoint.
    public let shape: [Int]
    /// The operations that its own tests found: none when it is unchanged, `cast` when it was only
    /// rounded.
    public let kinds: [InspectionKind]
    /// The share of its elements that differ, 0 to 1.
    public let changedShare: Double
    /// The Frobenius norm of the difference, relative to that of the base's tensor.
    public let relativeChange: Double
    /// How many singular values of the difference are above the rounding floor; nil for vectors and
    /// for tensors that were not analysed.
    public let effectiveRank: Int?
    /// Whether the true rank may be greater than the effective rank.
    public let rankIsLeast: Bool
    /// The finding, in words.
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
