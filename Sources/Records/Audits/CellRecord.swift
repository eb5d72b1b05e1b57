// SPDX-License-Identifier: Apache-2.0
// One adversary with one seed: its trace and how it ended.

/// The measurements at one step of an adversary's work.
public struct TracePoint: Codable, Sendable, Hashable {
    /// The step; 0 is before the attack's first step.
    public var step: Int
    /// The adversary's total cost up to this point.
    public var cost: AttackCost
    /// The total cost of measuring up to this point.
    public var evaluationCost: EvaluationCost
    /// The measurements.
    public var measurements: [MeasuredValue]
    /// Whether the cell is reported by this point.
    public var isFinal: Bool
    /// The verdicts of further judges on the answers to restricted test prompts; nil without any.
    public var judging: Judging?

    /// Makes a point.
    ///
    /// - Parameters:
    ///   - step: The step; 0 is before the attack's first step.
    ///   - cost: The adversary's total cost up to this point.
    ///   - evaluationCost: The total cost of measuring up to this point.
    ///   - measurements: The measurements.
    ///   - isFinal: Whether the cell is reported by this point.
    ///   - judging: The verdicts of further judges on the answers.
    public init(
        step: Int, cost: AttackCost, evaluationCost: EvaluationCost = .zero,
        measurements: [MeasuredValue], isFinal: Bool = false, judging: Judging? = nil
    ) {
        self.step = step
        self.cost = cost
        self.evaluationCost = evaluationCost
        self.measurements = measurements
        self.isFinal = isFinal
        self.judging = judging
    }
}

/// One adversary with one seed.
public struct CellRecord: Codable, Sendable, Hashable {
    /// How the cell ended.
    public enum State: Sendable, Hashable {
        /// It ran to the end.
        case finished
        /// It stopped with an error, for this reason.
        case failed(reason: String)
        /// Its attack cannot be used on this model, for this reason; nothing was tried.
        case inapplicable(reason: String)
        /// It was stopped before the end of its budget, because its outcome was settled or a user
        /// asked.
        case stopped

        /// The state in one word, as in JSON and CSV.
        public var name: String { tag.rawValue }

        /// Why it failed or is inapplicable; nil in other states.
        public var reason: String? {
            switch self {
            case .failed(let reason), .inapplicable(let reason): reason
            case .finished, .stopped: nil
            }
        }
    }

    /// The name of the adversary.
    public internal(set) var adversary: String
    /// The seed.
    public internal(set) var seed: UInt64
    /// How it ended.
    public internal(set) var state: State
    /// The points in the order of the steps; empty if nothing was measured.
    public internal(set) var trace: [TracePoint]
    /// The cost to break the safeguard; nil when the cell has no result.
    public internal(set) var broken: CostToBreak?
    /// The machine on which it ran or was found inapplicable.
    public internal(set) var machine: Machine
    /// How many processes shared its batches, 1 or more: 1 unless training was data-parallel.
    public internal(set) var worldSize: Int
    /// How many examples of a training step were computed at once, if memory did not allow the
    /// whole step. The order of sums then differs, and with it the last bits of the numbers.
    public internal(set) var examplesAtOnce: Int?

    /// Makes a cell.
    ///
    /// - Parameters:
    ///   - adversary: The name of the adversary.
    ///   - seed: The seed.
    ///   - state: How it ended.
    ///   - trace: The points in the order of the steps.
    ///   - broken: The cost to break the safeguard; nil when the cell has no result.
    ///   - machine: The machine on which it ran.
    ///   - worldSize: How many processes shared its batches.
    ///   - examplesAtOnce: How many examples of a training step were computed at once; nil for all.
    public init(
        adversary: String, seed: UInt64, state: State, trace: [TracePoint],
        broken: CostToBreak? = nil, machine: Machine, worldSize: Int = 1,
        examplesAtOnce: Int? = nil
    ) {
        self.adversary = adversary
        self.seed = seed
        self.state = state
        self.trace = trace
        self.broken = broken
        self.machine = machine
        self.worldSize = worldSize
        self.examplesAtOnce = examplesAtOnce
    }

    /// The point by which the cell is reported: the one marked final, or else the last.
    public var finalPoint: TracePoint? {
        trace.last(where: \.isFinal) ?? trace.last
    }
}

extension CellRecord.State: Codable {
    private enum Key: String, CodingKey { case name, reason }
    fileprivate enum Tag: String, Codable { case finished, failed, inapplicable, stopped }

    fileprivate var tag: Tag {
        switch self {
        case .finished: .finished
        case .failed: .failed
        case .inapplicable: .inapplicable
        case .stopped: .stopped
        }
    }

    /// Reads `{"name":"finished"}`, `{"name":"failed","reason":""}`,
    /// `{"name":"inapplicable","reason":""}` or `{"name":"stopped"}`.
    ///
    /// - Parameter decoder: The decoder to read from.
    /// - Throws: `DecodingError` when it is none of these forms.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func reason() throws -> String { try container.decode(String.self, forKey: .reason) }
        self =
            switch try container.decode(Tag.self, forKey: .name) {
            case .finished: .finished
            case .failed: .failed(reason: try reason())
            case .inapplicable: .inapplicable(reason: try reason())
            case .stopped: .stopped
            }
    }

    /// Writes the form that `init(from:)` reads.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: `EncodingError` when the state cannot be written.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(tag, forKey: .name)
        try container.encodeIfPresent(reason, forKey: .reason)
    }
}
