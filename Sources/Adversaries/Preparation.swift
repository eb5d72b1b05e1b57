// SPDX-License-Identifier: Apache-2.0
// What an attack computes before it trains.

public import LanguageModels
internal import Records
public import Training

/// What an attack computes before it trains: done and paid for when the attack runs, only counted
/// when an audit is planned.
public struct Preparation {
    /// What was paid so far.
    public private(set) var meter: CostMeter
    /// How many prompts were read.
    public private(set) var passes = 0
    private let isDone: Bool
    private let tell: (String) throws -> Void

    /// Prepares nothing, and counts what would be done.
    ///
    /// - Parameter model: The model under attack.
    public init(counting model: LanguageModel) {
        meter = CostMeter(model: model, prices: Prices())
        isDone = false
        tell = { _ in }
    }

    /// Prepares an attack that runs.
    ///
    /// - Parameters:
    ///   - meter: Pays.
    ///   - tell: Hears what is being done; may throw to end the work.
    public init(paying meter: CostMeter, tell: @escaping (String) throws -> Void) {
        self.meter = meter
        isDone = true
        self.tell = tell
    }

    /// Lets a model answer prompts.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers up to where the answers begin.
    ///   - model: The model.
    ///   - maximumTokens: Where answers are cut.
    /// - Returns: The answers; when only counting, so many tokens without meaning.
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
    ///   - planned: What stands for the result when only counting.
    ///   - work: Reads them.
    /// - Returns: What `work` returns.
    /// - Throws: What `work` throws.
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
    ///   - operations: How many for each weight; a comparison or a random draw counts as one.
    ///   - weights: The number of scalars edited.
    ///   - work: Edits them.
    /// - Returns: What `work` returns.
    /// - Throws: What `work` throws.
    public mutating func editing<Result>(
        operations: Int, weights: Int, _ work: () throws -> Result
    ) throws -> Result {
        meter.countElementwise(operations: operations, weights: weights)
        return try meter.timing(work)
    }

    /// Tells what is being done.
    ///
    /// - Parameter note: A word for the user.
    /// - Throws: What ends the work.
    public func report(_ note: String) throws { try tell(note) }
}
