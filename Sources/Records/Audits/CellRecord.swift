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
    ///
    /// - Parameters:
    ///   - step: The step, 0 before the attack's first.
    ///   - cost: What the adversary had paid by then, in all.
    ///   - evaluationCost: What measuring had taken by then, in all.
    ///   - measurements: What was measured.
    ///   - isFinal: Whether this is the point that the cell is reported by.
    ///   - judging: What further judges said of the answers.
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
        /// It ran to its end.
        case finished
        /// It could not go on, and why.
        case failed(reason: String)
        /// Its attack cannot be used on this model, and why: nothing was tried.
        case inapplicable(reason: String)
        /// It was ended before its budget, because its outcome was settled or a user asked.
        case stopped

        /// The state in one word, as JSON and CSV have it.
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
    /// What was measured, in the order of the steps; empty where nothing was.
    public internal(set) var trace: [TracePoint]
    /// What it cost to break the safeguard; nil when the cell says nothing about it.
    public internal(set) var broken: CostToBreak?
    /// The machine that it ran on, or that found it inapplicable.
    public internal(set) var machine: Machine
    /// How many processes shared its batches, 1 or more: 1 unless training was data-parallel.
    public internal(set) var worldSize: Int
    /// How many examples of a training step were computed at once, where memory did not bear a step
    /// in whole; the order of sums is then another, and the last bits of the numbers.
    public internal(set) var examplesAtOnce: Int?

    /// Holds one cell.
    ///
    /// - Parameters:
    ///   - adversary: The name of the adversary.
    ///   - seed: The seed.
    ///   - state: How it ended.
    ///   - trace: What was measured, in the order of the steps.
    ///   - broken: What it cost to break the safeguard; nil when the cell says nothing about it.
    ///   - machine: The machine that it ran on.
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

    /// The point that the cell is reported by: the one marked final, or else the last.
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
    /// - Throws: `DecodingError` when it is none of them.
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
    /// - Throws: `EncodingError` when it cannot be written.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(tag, forKey: .name)
        try container.encodeIfPresent(reason, forKey: .reason)
    }
}
