// SPDX-License-Identifier: Apache-2.0
// The queue of answers that the model is to give. It decodes as many of them at once as fit in a
// batch; when one ends, the next one joins the others.

import Dispatch
import LanguageModels
import ModelRequests
import Synchronization
import Tokenization

/// The events of a request, in order for each of its answers.
enum AnswerEvent: Sendable {
    /// More of an answer, and the scores of its tokens if the request asks for them.
    case text(index: Int, String, [TokenScores])
    /// The end of an answer: the reason, and the number of tokens.
    case finished(index: Int, FinishReason, tokenCount: Int)
}

/// Why an answer ended, in OpenAI's words.
enum FinishReason: String, Sendable, Encodable {
    case stop
    case length
}

/// An error of the model or its engine.
struct ModelFailure: Error, CustomStringConvertible {
    let description: String
}

/// The only owner of the model.
final class DecodingQueue: Sendable {
    /// The answers to a request.
    final class Answers: Sendable {
        /// Ends without the last event if the answers were abandoned.
        let events: AsyncThrowingStream<AnswerEvent, any Error>
        fileprivate let continuation: AsyncThrowingStream<AnswerEvent, any Error>.Continuation
        private let abandoned = Atomic(false)

        fileprivate init() {
            (events, continuation) = AsyncThrowingStream.makeStream(of: AnswerEvent.self)
        }

        /// Ends the decoding: nobody waits for the answers any more.
        func abandon() {
            abandoned.store(true, ordering: .relaxed)
            continuation.finish()
        }

        fileprivate var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }
    }

    /// An answer that waits for a place in the batch.
    private struct Waiting {
        let answers: Answers
        let index: Int
        let continuation: Continuation
        let stops: [String]
        /// How many answers of the request have not ended.
        let left: Countdown
    }

    /// A counter for the worker alone, which is one thread at a time.
    private final class Countdown: Sendable {
        private let count: Atomic<Int>
        init(_ count: Int) { self.count = Atomic(count) }
        /// Returns whether this was the last one.
        func next() -> Bool { count.subtract(1, ordering: .relaxed).newValue == 0 }
    }

    /// An answer in the batch.
    private struct Row {
        let waiting: Waiting
        var text: AnswerText
        var scores: [TokenScores] = []
    }

    private struct State {
        var waiting: [Waiting] = []
        var isRunning = false
        var isClosed = false
        /// When the model began what it does now; nil while it does nothing.
        var busySince: ContinuousClock.Instant?
    }

    private let model: LanguageModel
    private let limits: ServingLimits
    private let metrics: ServerMetrics
    private let state = Mutex(State())
    /// Decoding blocks its thread, so it has a thread of its own.
    private let worker = DispatchQueue(label: "temper.decoding", qos: .userInitiated)

    init(_ model: LanguageModel, limits: ServingLimits, metrics: ServerMetrics) {
        self.model = model
        self.limits = limits
        self.metrics = metrics
    }

    /// Adds the answers to a request to the queue.
    ///
    /// - Parameters:
    ///   - continuations: The prompts and their settings.
    ///   - stops: Texts that end an answer and are not part of it.
    /// - Returns: The answers.
    /// - Throws: A ``RefusedRequest`` when the queue is full or closed.
    func submit(
        _ continuations: [Continuation], stops: [String]
    ) throws(RefusedRequest) -> Answers {
        let answers = Answers()
        let left = Countdown(continuations.count)
        let (refusal, mustStart) = state.withLock { state -> (RefusedRequest?, Bool) in
            if state.isClosed { return (.unavailable("the server is shutting down"), false) }
            state.waiting.removeAll(where: \.answers.isAbandoned)
            guard state.waiting.count + continuations.count <= limits.queueLength else {
                return (.unavailable("\(state.waiting.count) answers wait already"), false)
            }
            state.waiting += continuations.enumerated().map { index, continuation in
                Waiting(
                    answers: answers, index: index, continuation: continuation, stops: stops,
                    left: left)
            }
            metrics.setQueueLength(state.waiting.count)
            defer { state.isRunning = true }
            return (nil, !state.isRunning)
        }
        if let refusal { throw refusal }
        if mustStart { worker.async { self.drain() } }
        return answers
    }

    /// Accepts no more requests. Accepted requests are finished.
    func close() { state.withLock { $0.isClosed = true } }

    /// Waits until nothing is decoded any more.
    func finish() async {
        close()
        await withCheckedContinuation { continuation in
            // The worker does one thing after the other.
            worker.async { continuation.resume() }
        }
    }

    /// How long the model has been busy with one step, or with one layer of long prompts; nil while
    /// it does nothing.
    var busyTime: Duration? {
        state.withLock { $0.busySince }.map { ContinuousClock.now - $0 }
    }

    private func noteProgress(isBusy: Bool = true) {
        state.withLock { $0.busySince = isBusy ? .now : nil }
    }

    /// Takes answers from the queue, as many as there is room for.
    private func next(room: Int, isIdle: Bool) -> [Waiting] {
        state.withLock { state in
            state.waiting.removeAll(where: \.answers.isAbandoned)
            let joining = Array(state.waiting.prefix(max(room, 0)))
            state.waiting.removeFirst(joining.count)
            if joining.isEmpty, isIdle { state.isRunning = false }
            metrics.setQueueLength(state.waiting.count)
            return joining
        }
    }

    private func drain() {
        var batch = RunningBatch(of: model)
        var rows: [Int: Row] = [:]
        var identifier = 0
        defer { noteProgress(isBusy: false) }
        while true {
            let joining = next(room: limits.batchSize - batch.count, isIdle: rows.isEmpty)
            if joining.isEmpty, rows.isEmpty { return }
            noteProgress()
            if !joining.isEmpty {
                let identified = joining.map { waiting in
                    identifier += 1
                    return (identifier, waiting)
                }
                if join(&batch, identified) {
                    for (identifier, waiting) in identified {
                        rows[identifier] = Row(
                            waiting: waiting,
                            text: AnswerText(tokenizer: model.tokenizer, stops: waiting.stops))
                    }
                }
                noteProgress()
            }
            step(&batch, &rows)
        }
    }

    /// Reads prompts. Returns whether they are in the batch now.
    private func join(_ batch: inout RunningBatch, _ joining: [(Int, Waiting)]) -> Bool {
        do {
            try batch.join(joining.map { ($0, $1.continuation) }) {
                noteProgress()
                return joining.contains { !$0.1.answers.isAbandoned }
            }
            return true
        } catch is CancellationError {
            return false
        } catch {
            for (_, waiting) in joining { fail(waiting, error) }
            return false
        }
    }

    private func step(_ batch: inout RunningBatch, _ rows: inout [Int: Row]) {
        guard !rows.isEmpty else { return }
        metrics.count(stepOf: rows.count)
        do {
            try batch.step { identifier, answer, scores in
                guard var row = rows[identifier] else { return true }
                let isLast = extend(&row, answer, scores)
                rows[identifier] = isLast ? nil : row
                return isLast
            }
        } catch {
            for row in rows.values { fail(row.waiting, error) }
            rows = [:]
        }
    }

    private func fail(_ waiting: Waiting, _ error: any Error) {
        waiting.answers.continuation.finish(
            throwing: ModelFailure(description: "\(error)"))
    }

    /// Reports a new token of an answer. Returns whether it is the last one.
    private func extend(_ row: inout Row, _ answer: [Int], _ scores: TokenScores?) -> Bool {
        let (answers, index) = (row.waiting.answers, row.waiting.index)
        let continuation = row.waiting.continuation
        let endsItself = answer.last.map(model.stopTokens.contains) ?? false
        let isFull =
            answer.count >= continuation.maximumTokens
            || continuation.prompt.count + answer.count >= model.configuration.contextLength
        let text = row.text.next(answer, isLast: endsItself || isFull)
        if let scores, !endsItself { row.scores.append(scores) }
        let isLast = endsItself || isFull || row.text.isStopped || answers.isAbandoned
        if !text.isEmpty || (isLast && !row.scores.isEmpty) {
            answers.continuation.yield(.text(index: index, text, row.scores))
            row.scores = []
        }
        guard isLast else { return false }
        metrics.count(promptTokens: continuation.prompt.count, answerTokens: answer.count)
        let isStopped = endsItself || row.text.isStopped
        answers.continuation.yield(
            .finished(index: index, isStopped ? .stop : .length, tokenCount: answer.count))
        if row.waiting.left.next() { answers.continuation.finish() }
        return true
    }
}
