// SPDX-License-Identifier: Apache-2.0
// The decoding of one batch, with a row for each unfinished prompt.

import Tensors

/// A batch of prompts that are continued together.
struct Decoding {
    struct Row {
        let place: Int
        let prompt: [Int]
        let maximumTokens: Int
        let temperature: Float
        var answer: [Int] = []
        var key: RandomKey
        var isFinished = false

        /// Makes a row from a generator's list of prompts.
        init(place: Int, prompt: [Int], _ generator: Generator) {
            let seed = generator.seed
            self.init(
                place: place,
                Continuation(
                    of: prompt, maximumTokens: generator.maximumTokens,
                    temperature: generator.temperature,
                    seed: seed &+ UInt64(place) &* 0x9E37_79B9_7F4A_7C15))
        }

        init(place: Int, _ continuation: Continuation) {
            self.place = place
            prompt = continuation.prompt
            maximumTokens = continuation.maximumTokens
            temperature = continuation.temperature
            key = RandomKey(seed: continuation.seed)
        }
    }

    private var rows: [Row]
    private var cache: KeyValueCache? = KeyValueCache()
    /// The next token of each row, `[rows]`, which may not be computed yet.
    private var chosen = Tensor(0)
    private let model: LanguageModel
    private let edit: ResidualEdit?

    init(rows: [Row], model: LanguageModel, edit: ResidualEdit?) {
        self.rows = rows
        self.model = model
        self.edit = edit
    }

    var isFinished: Bool { rows.allSatisfy(\.isFinished) }

    /// The number of tokens of answers that have not been returned yet.
    var tokenCount: Int { rows.reduce(0) { $0 + ($1.isFinished ? 0 : $1.answer.count) } }

    /// Reads the prompts.
    ///
    /// - Returns: The logits for the first token of each row, `[rows, vocabulary]`.
    mutating func begin() throws -> Tensor {
        let last = try model.lastStates(
            of: TokenBatch(rows.map(\.prompt)), cache: &cache, edit: edit)
        let logits = try model.logits(of: model.normalised(last))
        chosen = isSampled ? sampled(logits) : logits.argMax(axis: -1)
        try compute()
        return logits
    }

    /// Generates one more token for each row.
    ///
    /// - Parameter isSettled: Given the index of a prompt and its answer, returns whether the
    ///   answer may end here.
    /// - Returns: The answers that end with this token, with the indices of their prompts.
    /// - Throws: `InputError` when a weight is missing, `TensorError` from the engine.
    mutating func step(
        isSettled: (_ place: Int, _ answer: [Int]) -> Bool
    ) throws -> [(place: Int, answer: [Int])] {
        // The graph of the next step is built while this step is computed.
        var ahead: Decoding? = self
        try ahead?.choose()
        let tokens = try chosen.converted(to: .int32).integers()
        var done: [(place: Int, answer: [Int])] = []
        for (index, token) in tokens.enumerated() where !rows[index].isFinished {
            rows[index].answer.append(Int(token))
            let isSettled = isSettled(rows[index].place, rows[index].answer)
            rows[index].isFinished = isSettled || isFinished(rows[index])
            if rows[index].isFinished { done.append((rows[index].place, rows[index].answer)) }
        }
        if isFinished { return done }
        if dropFinished() {
            // The cache is written in place only if nothing else holds it.
            ahead = nil
            try choose()
        } else if let ahead {
            cache = ahead.cache
            chosen = ahead.chosen
            for index in rows.indices { rows[index].key = ahead.rows[index].key }
        }
        try compute()
        return done
    }

    private func isFinished(_ row: Row) -> Bool {
        guard let last = row.answer.last else { return false }
        return model.stopTokens.contains(last) || row.answer.count >= row.maximumTokens
            || row.prompt.count + row.answer.count >= model.configuration.contextLength
    }

    /// Chooses the token after the chosen one of each row.
    private mutating func choose() throws {
        var stream = try model.residualStream(.next(chosen), cache: &cache, edit: edit)
        let last = stream.normalised(by: try model.weight("model.norm.weight"))
        chosen =
            isSampled
            ? sampled(try model.logits(of: last))
            : Tensor.linearArgMax(hidden: last, weight: try model.head)
    }

    private var isSampled: Bool { rows.contains { $0.temperature > 0 } }

    private mutating func sampled(_ logits: Tensor) -> Tensor {
        let tokens = rows.indices.map { index in
            let row = logits.slice(axis: 0, from: index, to: index + 1)
            let temperature = rows[index].temperature
            return temperature > 0
                ? Tensor.categorical(logits: row * (1 / temperature), key: rows[index].key.next())
                : row.argMax(axis: -1)
        }
        return Tensor.concatenated(tokens, axis: 0)
    }

    private func compute() throws {
        try beginEvaluating([chosen] + (cache?.tensors ?? []))
    }

    /// Removes finished rows once an eighth of the rows is idle. It waits because this makes the
    /// graph that was built ahead useless.
    private mutating func dropFinished() -> Bool {
        let active = rows.indices.filter { !rows[$0].isFinished }
        guard active.count <= rows.count * 7 / 8 else { return false }
        cache?.keep(rows: active)
        chosen = chosen.take(
            Tensor(active.map { Int32(clamping: $0) }, shape: [active.count]), axis: 0)
        rows = active.map { rows[$0] }
        return true
    }
}
