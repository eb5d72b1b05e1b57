// SPDX-License-Identifier: Apache-2.0
// One batch on its way: a row for each prompt that is not finished.

import Tensors

/// A batch of prompts that are continued together.
struct Decoding {
    struct Row {
        let place: Int
        let prompt: [Int]
        var answer: [Int] = []
        var key: RandomKey
        var isFinished = false

        init(place: Int, prompt: [Int], seed: UInt64) {
            self.place = place
            self.prompt = prompt
            key = RandomKey(seed: seed &+ UInt64(place) &* 0x9E37_79B9_7F4A_7C15)
        }
    }

    private var rows: [Row]
    private var cache: KeyValueCache? = KeyValueCache()
    /// What predicts the next token of each row, `[rows, vocabulary]`; nil until it is computed.
    private var logits: Tensor?
    private let generator: Generator
    private let model: LanguageModel
    private let edit: ResidualEdit?

    init(rows: [Row], generator: Generator, model: LanguageModel, edit: ResidualEdit?) {
        self.rows = rows
        self.generator = generator
        self.model = model
        self.edit = edit
    }

    var isFinished: Bool { rows.allSatisfy(\.isFinished) }

    /// Tokens of answers that are not handed over yet.
    var tokenCount: Int { rows.reduce(0) { $0 + ($1.isFinished ? 0 : $1.answer.count) } }

    /// Reads the prompts.
    ///
    /// - Returns: What predicts the first token of each row, `[rows, vocabulary]`.
    mutating func begin() throws -> Tensor {
        let last = try model.lastStates(of: rows.map(\.prompt), cache: &cache, edit: edit)
        let first = try model.logits(of: model.normalised(last))
        logits = first
        return first
    }

    /// Makes one more token for each row.
    ///
    /// - Parameter isSettled: Whether an answer may end where it is.
    /// - Returns: The answers that this token finished, with the places of their prompts.
    /// - Throws: `LanguageModelError` when a weight is missing, `TensorError` from the engine.
    mutating func step(
        isSettled: (_ answer: [Int]) -> Bool
    ) throws -> [(place: Int, answer: [Int])] {
        let chosen = choose(try logits ?? next())
        logits = nil
        try evaluate([chosen] + (cache?.tensors ?? []))
        let tokens = try chosen.integers()
        var done: [(place: Int, answer: [Int])] = []
        for (index, token) in tokens.enumerated() where !rows[index].isFinished {
            rows[index].answer.append(Int(token))
            let length = rows[index].prompt.count + rows[index].answer.count
            rows[index].isFinished =
                model.stopTokens.contains(Int(token))
                || rows[index].answer.count >= generator.maximumTokens
                || length >= model.configuration.contextLength
                || isSettled(rows[index].answer)
            if rows[index].isFinished { done.append((rows[index].place, rows[index].answer)) }
        }
        dropFinished()
        return done
    }

    /// What predicts the token behind the last of each row, `[rows, vocabulary]`.
    private mutating func next() throws -> Tensor {
        let batch = TokenBatch(rows.map { Array($0.answer.suffix(1)) })
        var stream = try model.residualStream(batch, cache: &cache, edit: edit)
        let last = stream.normalised(by: try model.weight("model.norm.weight"))
        return try model.logits(of: last.squeezed(at: 1))
    }

    private mutating func choose(_ logits: Tensor) -> Tensor {
        guard generator.temperature > 0 else {
            return logits.argMax(axis: -1).converted(to: .int32)
        }
        let scaled = logits * (1 / generator.temperature)
        let tokens = rows.indices.map { index in
            Tensor.categorical(
                logits: scaled.slice(axis: 0, from: index, to: index + 1),
                key: rows[index].key.next())
        }
        return Tensor.concatenated(tokens, axis: 0).converted(to: .int32)
    }

    /// Dropping copies the cache, so it waits until a quarter of the rows is idle.
    private mutating func dropFinished() {
        let active = rows.indices.filter { !rows[$0].isFinished }
        guard !active.isEmpty, active.count <= rows.count * 3 / 4 else { return }
        cache?.keep(rows: active)
        rows = active.map { rows[$0] }
    }
}
