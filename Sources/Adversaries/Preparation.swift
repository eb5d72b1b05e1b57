// SPDX-License-Identifier: Apache-2.0
// The computations of an attack before it trains.

public import LanguageModels
internal import Records
public import Training

/// The computations of an attack before it trains. They are done and paid for when the attack runs,
/// and only counted when an audit is planned.
public struct Preparation {
    /// The costs so far.
    public private(set) var meter: CostMeter
    /// The number of prompts read.
    public private(set) var passes = 0
    private let isDone: Bool
    private let tell: (String) throws -> Void

    /// Makes a preparation that only counts what would be done.
    ///
    /// - Parameter model: The model under attack.
    public init(counting model: LanguageModel) {
        meter = CostMeter(model: model, prices: Prices())
        isDone = false
        tell = { _ in }
    }

    /// Makes the preparation of an attack that runs.
    ///
    /// - Parameters:
    ///   - meter: Counts the costs.
    ///   - tell: Receives progress. It may throw to end the work.
    public init(paying meter: CostMeter, tell: @escaping (String) throws -> Void) {
        self.meter = meter
        isDone = true
        self.tell = tell
    }

    /// Lets a model answer prompts.
    ///
    /// - Parameters:
    ///   - prompts: The token identifiers up to the start of the answers.
    ///   - model: The model.
    ///   - maximumTokens: The length at which answers are cut.
    /// - Returns: The answers. When only counting, they are meaningless tokens of the greatest
    ///   length.
    /// - Throws: Errors of the engine and the model.
    public mutating func answers(
        to prompts: [[Int]], by model: LanguageModel, maximumTokens: Int
    ) throws -> [[Int]] {
        passes += prompts.count
        guard isDone else {
            return prompts.map { _ in Array(repeating: 0, count: maximumTokens) }
        }
        try tell("\(prompts.count) answers of the model")
        let answers = try meter.timing {
            try Generator(maximumTokens: maximumTokens).generate(from: prompts, model: model)
        }
        for (prompt, answer) in zip(prompts, answers) {
            meter.countForward(tokens: prompt.count + answer.count)
        }
        return answers
    }

    /// Reads prompts.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers.
    ///   - planned: The result when only counting.
    ///   - work: Reads the prompts.
    /// - Returns: What `work` returns.
    /// - Throws: Errors of `work`.
    public mutating func reading<Result>(
        _ prompts: [[Int]], planned: Result, _ work: () throws -> Result
    ) throws -> Result {
        passes += prompts.count
        guard isDone else { return planned }
        for prompt in prompts { meter.countForward(tokens: prompt.count) }
        return try meter.timing(work)
    }

    /// Edits weights without a pass through the model.
    ///
    /// - Parameters:
    ///   - operations: The number of operations for each weight. A comparison or a random draw
    ///     counts as one.
    ///   - weights: The number of scalars edited.
    ///   - work: Edits the weights.
    /// - Returns: What `work` returns.
    /// - Throws: Errors of `work`.
    public mutating func editing<Result>(
        operations: Int, weights: Int, _ work: () throws -> Result
    ) throws -> Result {
        meter.countElementwise(operations: operations, weights: weights)
        return try meter.timing(work)
    }

    /// Reports progress.
    ///
    /// - Parameter note: A short text for the user.
    /// - Throws: An error that ends the work.
    public func report(_ note: String) throws { try tell(note) }
}
