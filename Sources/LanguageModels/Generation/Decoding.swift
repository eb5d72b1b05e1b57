// SPDX-License-Identifier: Apache-2.0
// The decoding of one batch, with a row for each unfinished prompt.

import Tensors

/// A batch of prompts that are continued together.
struct Decoding {
    struct Row {
        let place: Int
        let continuation: Continuation
        var answer: [Int] = []
        var key: RandomKey
        var isFinished = false
        /// The logits of the next token, `[1, vocabulary]`, for a row whose scores are reported.
        var logits: Tensor?

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
            self.continuation = continuation
            key = RandomKey(seed: continuation.seed)
        }
    }

    /// The shortest prompts, in tokens together, whose reading can be stopped. The pauses for that
    /// cost more than a shorter reading takes.
    private static let shortestStoppable = 256

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

    /// The number of rows whose answers have not ended.
    var unfinishedCount: Int { rows.count { !$0.isFinished } }

    /// The number of tokens of answers that have not been returned yet.
    var tokenCount: Int { rows.reduce(0) { $0 + ($1.isFinished ? 0 : $1.answer.count) } }

    /// Reads the prompts.
    ///
    /// - Parameter isWanted: Asked between the layers if the prompts are long. If it returns false,
    ///   the reading stops.
    /// - Returns: The logits for the first token of each row, `[rows, vocabulary]`.
    /// - Throws: `CancellationError` when the reading was stopped, `InputError` when a weight is
    ///   missing, `TensorError` from the engine.
    mutating func begin(isWanted: (() -> Bool)? = nil) throws -> Tensor {
        let batch = TokenBatch(rows.map(\.continuation.prompt), for: model.configuration)
        var observe: ((Tensor) throws -> Void)?
        if let isWanted, batch.tokenCount >= Self.shortestStoppable {
            observe = { stream in
                try evaluate([stream])
                guard isWanted() else { throw CancellationError() }
            }
        }
        let last = try model.residualStream(
            .sequences(batch), cache: &cache, edit: edit, observe: observe
        ).value.take(batch.lastPlaces, axis: 0)
        let logits = try model.logits(of: model.normalised(last))
        if needsLogits { choose(from: logits) } else { chosen = logits.argMax(axis: -1) }
        try compute()
        return logits
    }

    /// Adds the unfinished rows of another batch of the same model, which has begun too.
    mutating func join(_ other: Decoding) throws {
        var other = other
        keepUnfinished()
        other.keepUnfinished()
        if let joining = other.cache { cache?.append(joining) }
        // The ways of choosing give integers of different types.
        chosen = Tensor.concatenated(
            [chosen, other.chosen].map { $0.converted(to: .int32) }, axis: 0)
        rows += other.rows
        try compute()
    }

    /// Generates one more token for each row.
    ///
    /// - Parameter isSettled: Given the index of a prompt, its answer and, if the row reports them,
    ///   the scores of the answer's last token, returns whether the answer may end here.
    /// - Returns: The answers that end with this token, with the indices of their prompts.
    /// - Throws: `InputError` when a weight is missing, `TensorError` from the engine.
    mutating func step(
        isSettled: (_ place: Int, _ answer: [Int], _ scores: TokenScores?) -> Bool
    ) throws -> [(place: Int, answer: [Int])] {
        // The graph of the next step is built while this step is computed. A penalty must wait for
        // the token that it depends on, and so must a restart.
        let waits = restarts || rows.contains { $0.continuation.hasPenalties }
        var ahead: Decoding? = waits ? nil : self
        try ahead?.choose()
        let tokens = try chosen.converted(to: .int32).integers()
        var done: [(place: Int, answer: [Int])] = []
        for (index, token) in tokens.enumerated() where !rows[index].isFinished {
            let scores = try scores(of: Int(token), row: rows[index])
            rows[index].answer.append(Int(token))
            let isSettled = isSettled(rows[index].place, rows[index].answer, scores)
            rows[index].isFinished = isSettled || isFinished(rows[index])
            if rows[index].isFinished { done.append((rows[index].place, rows[index].answer)) }
        }
        if isFinished { return done }
        // The cache is written in place only if nothing else holds it.
        if dropFinished() { ahead = nil }
        if let ahead {
            cache = ahead.cache
            chosen = ahead.chosen
            for index in rows.indices {
                rows[index].key = ahead.rows[index].key
                rows[index].logits = ahead.rows[index].logits
            }
        } else {
            try choose()
        }
        try compute()
        return done
    }

    private func isFinished(_ row: Row) -> Bool {
        guard let last = row.answer.last else { return false }
        return model.stopTokens.contains(last)
            || row.answer.count >= row.continuation.maximumTokens
            || row.continuation.prompt.count + row.answer.count
                >= model.configuration.contextLength
    }

    private func scores(of token: Int, row: Row) throws -> TokenScores? {
        guard let count = row.continuation.scoredTokens, let logits = row.logits else { return nil }
        return TokenScores(of: token, logits: try logits.values(), likeliest: count)
    }

    /// Chooses the token after the chosen one of each row.
    private mutating func choose() throws {
        if restarts { return try restart() }
        var stream = try model.residualStream(.next(chosen), cache: &cache, edit: edit)
        let last = try model.normalised(&stream)
        if needsLogits || model.configuration.headIsBiased {
            choose(from: try model.logits(of: last))
        } else {
            chosen = Tensor.linearArgMax(hidden: last, weight: try model.head)
        }
    }

    /// Whether the next token changes the positions of earlier tokens of a row.
    private var restarts: Bool {
        let rotary = model.configuration.attention.rotary
        return cache?.nextPositions.contains { rotary.restarts(atLength: $0.length) } ?? false
    }

    /// Reads all tokens again and chooses the next one of each row.
    private mutating func restart() throws {
        let batch = TokenBatch(
            rows.map { $0.continuation.prompt + $0.answer }, for: model.configuration)
        cache = KeyValueCache()
        let last = try model.lastStates(of: batch, cache: &cache, edit: edit)
        let logits = try model.logits(of: model.normalised(last))
        if needsLogits { choose(from: logits) } else { chosen = logits.argMax(axis: -1) }
    }

    /// Whether a row needs more than the likeliest token.
    private var needsLogits: Bool {
        rows.contains {
            $0.continuation.temperature > 0 || $0.continuation.hasPenalties
                || $0.continuation.scoredTokens != nil
        }
    }

    private mutating func choose(from logits: Tensor) {
        let tokens = rows.indices.map { index in
            let row = logits.slice(axis: 0, from: index, to: index + 1)
            if rows[index].continuation.scoredTokens != nil { rows[index].logits = row }
            let penalised = rows[index].penalised(row)
            let temperature = rows[index].continuation.temperature
            return temperature > 0
                ? Tensor.categorical(
                    logits: penalised * (1 / temperature), key: rows[index].key.next())
                : penalised.argMax(axis: -1)
        }
        chosen = Tensor.concatenated(tokens, axis: 0)
    }

    private func compute() throws {
        try beginEvaluating([chosen] + rows.compactMap(\.logits) + (cache?.tensors ?? []))
    }

    /// Removes finished rows once an eighth of the rows is idle. It waits because this makes the
    /// graph that was built ahead useless.
    private mutating func dropFinished() -> Bool {
        guard unfinishedCount <= rows.count * 7 / 8 else { return false }
        keepUnfinished()
        return true
    }

    private mutating func keepUnfinished() {
        let active = rows.indices.filter { !rows[$0].isFinished }
        guard active.count < rows.count else { return }
        cache?.keep(rows: active)
        chosen = chosen.take(
            Tensor(active.map { Int32(clamping: $0) }, shape: [active.count]), axis: 0)
        rows = active.map { rows[$0] }
    }
}

extension Decoding.Row {
    /// Returns logits less the penalties for the tokens of the answer, `[1, vocabulary]`.
    fileprivate func penalised(_ logits: Tensor) -> Tensor {
        guard continuation.hasPenalties, !answer.isEmpty else { return logits }
        var counts: [Int: Float] = [:]
        for token in answer { counts[token, default: 0] += 1 }
        let tokens = counts.keys.sorted()
        let penalties = tokens.map {
            -continuation.presencePenalty - continuation.frequencyPenalty * (counts[$0] ?? 0)
        }
        return logits.scatterAddAlong(
            Tensor(penalties, shape: [1, tokens.count]),
            at: Tensor(tokens.map { Int32(clamping: $0) }, shape: [1, tokens.count]), axis: 1)
    }
}
