// SPDX-License-Identifier: Apache-2.0
// One adversary at work with one seed: the trace it left and how it ended.

/// What was measured at one step of an adversary's work.
public struct TracePoint: Codable, Sendable, Hashable {
    /// The step, 0 before the attack's first.
    public var step: Int
    /// What the adversary had paid by then, in all.
    public var cost: AttackCost
    /// What measuring had taken by then, in all.
    public var evaluationCost: EvaluationCost
    /// What was measured.
    public var measurements: [MeasuredValue]
    /// Whether this is the point that the cell is reported by.
    public var isFinal: Bool
    /// What further judges said of the answers to restricted test prompts; nil when none was asked.
    public var judging: Judging?

    /// Holds one point.
    public init(
        step: Int, cost: AttackCost, evaluationCost: EvaluationCost = .zero,
        measurements: [MeasuredValue], isFinal: Bool = false
    ) {
        self.step = step
        self.cost = cost
        self.evaluationCost = evaluationCost
        self.measurements = measurements
        self.isFinal = isFinal
    }
}

/// One adversary with one seed.
public struct CellRecord: Codable, Sendable, Hashable {
    /// How the cell ended.
    public enum State: Sendable, Hashable {
        /// It ran to its end.
        case finished
        /// It could not go on, and why.
        case failed(reason: String)
        /// It was ended before its budget, because its outcome was settled or a user asked.
        case stopped
    }

    /// The name of the adversary.
    public var adversary: String
    /// The seed.
    public var seed: UInt64
    /// How it ended.
    public var state: State
    /// What was measured, in the order of the steps.
    public var trace: [TracePoint]
    /// What it cost to break the safeguard; nil when the cell says nothing about it.
    public var broken: CostToBreak?
    /// How many examples of a training step were computed at once, where memory did not bear a step
    /// in whole; the order of sums is then another, and the last bits of the numbers.
    public var examplesAtOnce: Int?

    /// Holds one cell.
    public init(
        adversary: String, seed: UInt64, state: State, trace: [TracePoint],
        broken: CostToBreak? = nil
    ) {
        self.adversary = adversary
        self.seed = seed
        self.state = state
        self.trace = trace
        self.broken = broken
    }

    /// The point that the cell is reported by: the one marked final, or else the last.
    public var finalPoint: TracePoint? {
        trace.last(where: \.isFinal) ?? trace.last
    }
}

extension CellRecord.State: Codable {
    private enum Key: String, CodingKey { case name, reason }
    private enum Name: String, Codable { case finished, failed, stopped }

    /// Reads `{"name":"finished"}`, `{"name":"failed","reason":""}` or `{"name":"stopped"}`.
    /// - Throws: `DecodingError` when it is none of them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(Name.self, forKey: .name) {
        case .finished: self = .finished
        case .failed: self = .failed(reason: try container.decode(String.self, forKey: .reason))
        case .stopped: self = .stopped
        }
    }

    /// Writes the form that `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .finished: try container.encode(Name.finished, forKey: .name)
        case .failed(let reason):
            try container.encode(Name.failed, forKey: .name)
            try container.encode(reason, forKey: .reason)
        case .stopped: try container.encode(Name.stopped, forKey: .name)
        }
    }
}
