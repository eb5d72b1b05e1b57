// SPDX-License-Identifier: Apache-2.0
// Continues prompts: batched, left-padded, greedy or sampled.

import JSONText
public import Tensors

/// The settings for generating answers. The answers do not depend on `batchSize`.
public struct Generator: Sendable, Hashable, Codable {
    /// The progress of generation.
    public struct Progress: Sendable, Hashable {
        /// The number of answered prompts.
        public let finished: Int
        /// The number of all prompts.
        public let total: Int
        /// The number of tokens generated so far.
        public let tokens: Int
    }

    /// The most tokens of an answer; 1 or more.
    public var maximumTokens: Int
    /// 0 takes the most likely token. Otherwise logits are divided by it and sampled.
    public var temperature: Float
    /// The seed for sampling. Each prompt also uses its index in the list.
    public var seed: UInt64
    /// The number of prompts that are continued together; 1 or more.
    public var batchSize: Int

    /// Makes a generator.
    ///
    /// - Parameters:
    ///   - maximumTokens: The most tokens of an answer.
    ///   - temperature: 0 takes the most likely token. Otherwise logits are divided by it and
    ///     sampled.
    ///   - seed: The seed for sampling.
    ///   - batchSize: The number of prompts that are continued together.
    public init(
        maximumTokens: Int = 128, temperature: Float = 0, seed: UInt64 = 0, batchSize: Int = 32
    ) {
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.seed = seed
        self.batchSize = batchSize
    }

    /// Continues prompts until a stop token, `maximumTokens` or the end of the context.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers; none empty, none longer than the context.
    ///   - model: The model.
    ///   - edit: A change of the residual stream.
    ///   - opening: Called with the logits of the first token, `[places, vocabulary]`, for the
    ///     prompts at some indices of the list. Each index occurs once.
    ///   - isSettled: Called at each new token with the index of a prompt and its answer so far.
    ///     Returns whether the answer may end there because the rest is not needed.
    ///   - progress: Called after each step.
    /// - Returns: The new tokens of each prompt in the order of the prompts. If a stop token ended
    ///   an answer, it is included.
    /// - Throws: `InputError` for a prompt or setting out of range, `TensorError` when the engine
    ///   fails; errors of `opening` and `progress`.
    public func generate(
        from prompts: [[Int]], model: LanguageModel, edit: ResidualEdit? = nil,
        opening: (_ places: [Int], _ logits: Tensor) throws -> Void = { _, _ in },
        isSettled: (_ index: Int, _ answer: [Int]) -> Bool = { _, _ in false },
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> [[Int]] {
        try check(prompts, model: model)
        var answers = [[Int]](repeating: [], count: prompts.count)
        var finished = 0
        let order = prompts.indices.sorted {
            (prompts[$0].count, $0) < (prompts[$1].count, $1)
        }
        for start in stride(from: 0, to: order.count, by: batchSize) {
            let places = order[start..<min(start + batchSize, order.count)]
            var batch = Decoding(
                rows: places.map { Decoding.Row(place: $0, prompt: prompts[$0], self) },
                model: model, edit: edit)
            try opening(Array(places), batch.begin())
            while !batch.isFinished {
                for (place, answer) in try batch.step(isSettled: { place, answer, _ in
                    isSettled(place, answer)
                }) {
                    answers[place] = answer
                    finished += 1
                }
                let made = answers.reduce(batch.tokenCount) { $0 + $1.count }
                try progress(Progress(finished: finished, total: prompts.count, tokens: made))
            }
        }
        return answers
    }

    private func check(_ prompts: [[Int]], model: LanguageModel) throws {
        let settings: [(name: String, isGood: Bool)] = [
            ("maximumTokens", maximumTokens >= 1), ("batchSize", batchSize >= 1),
            ("temperature", temperature.isFinite && temperature >= 0),
        ]
        for setting in settings where !setting.isGood {
            throw InputError(
                "generator's \(setting.name)", "is out of range",
                remedy: "choose at least 1, or 0 for the temperature")
        }
        try model.checkPrompts(prompts)
    }
}
