// SPDX-License-Identifier: Apache-2.0
// The queue of requests for the model, which decodes as many of them at once as fit in a batch.

import Dispatch
import LanguageModels
import Provenance
import Synchronization
import Tokenization

/// The events of a request, in order.
enum AnswerEvent: Sendable {
    /// More of the answer.
    case text(String)
    /// The end: the reason, and the number of tokens.
    case finished(FinishReason, tokenCount: Int)
}

/// Why an answer ended, in OpenAI's words.
enum FinishReason: String, Sendable, Encodable {
    case stop
    case length
}

/// The only owner of the model.
final class DecodingQueue: Sendable {
    /// A request in the queue. `isAbandoned` is set when nothing waits for it any more.
    private final class Job: Sendable {
        let continuation: Continuation
        let stops: [String]
        let events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation
        let isAbandoned = Atomic(false)

        init(
            _ continuation: Continuation, stops: [String],
            _ events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation
        ) {
            self.continuation = continuation
            self.stops = stops
            self.events = events
        }
    }

    private struct State {
        var waiting: [Job] = []
        var isRunning = false
        var isClosed = false
    }

    private let admitted: AdmittedModel
    private let limits: ServingLimits
    private let metrics: ServerMetrics
    private let state = Mutex(State())
    /// Decoding blocks its thread, so it has a thread of its own.
    private let worker = DispatchQueue(label: "temper.decoding", qos: .userInitiated)

    init(_ admitted: AdmittedModel, limits: ServingLimits, metrics: ServerMetrics) {
        self.admitted = admitted
        self.limits = limits
        self.metrics = metrics
    }

    /// Adds a request to the queue.
    ///
    /// - Parameters:
    ///   - continuation: The prompt and its settings.
    ///   - stops: Texts that end the answer and are not part of it.
    /// - Returns: The events of the request. Ending the iteration abandons the request.
    /// - Throws: A ``RefusedRequest`` when the queue is full or closed.
    func submit(
        _ continuation: Continuation, stops: [String]
    ) throws(RefusedRequest) -> AsyncThrowingStream<AnswerEvent, any Error> {
        let (stream, events) = AsyncThrowingStream.makeStream(of: AnswerEvent.self)
        let job = Job(continuation, stops: stops, events)
        events.onTermination = { _ in job.isAbandoned.store(true, ordering: .relaxed) }
        let (refusal, mustStart) = state.withLock { state -> (RefusedRequest?, Bool) in
            if state.isClosed { return (.unavailable("the server is shutting down"), false) }
            state.waiting.removeAll { $0.isAbandoned.load(ordering: .relaxed) }
            guard state.waiting.count < limits.queueLength else {
                return (.unavailable("\(state.waiting.count) requests wait already"), false)
            }
            state.waiting.append(job)
            metrics.setQueueLength(state.waiting.count)
            defer { state.isRunning = true }
            return (nil, !state.isRunning)
        }
        if let refusal { throw refusal }
        if mustStart { worker.async { self.drain() } }
        return stream
    }

    /// Accepts no more requests. Accepted requests are finished.
    func close() { state.withLock { $0.isClosed = true } }

    private func nextBatch() -> [Job] {
        state.withLock { state in
            state.waiting.removeAll { $0.isAbandoned.load(ordering: .relaxed) }
            let batch = Array(state.waiting.prefix(limits.batchSize))
            state.waiting.removeFirst(batch.count)
            if batch.isEmpty { state.isRunning = false }
            metrics.setQueueLength(state.waiting.count)
            return batch
        }
    }

    private func drain() {
        while true {
            let batch = nextBatch()
            if batch.isEmpty { return }
            do {
                try admitted.checkBytes()
                try decode(batch)
                // Mapped weights may have changed during the computation.
                try admitted.checkBytes()
            } catch {
                if error is VerificationFailure { metrics.setHealth(error) }
                for job in batch { job.events.finish(throwing: error) }
                continue
            }
            for job in batch { job.events.finish() }
        }
    }

    private func decode(_ batch: [Job]) throws {
        metrics.count(batchOf: batch.count)
        let model = admitted.model
        var texts = batch.map { AnswerText(tokenizer: model.tokenizer, stops: $0.stops) }
        var isDone = batch.map { _ in false }
        try model.generate(batch.map(\.continuation)) { place, answer in
            let job = batch[place]
            let continuation = job.continuation
            let endsItself = answer.last.map(model.stopTokens.contains) ?? false
            let isFull =
                answer.count >= continuation.maximumTokens
                || continuation.prompt.count + answer.count >= model.configuration.contextLength
            let isAbandoned = job.isAbandoned.load(ordering: .relaxed)
            let text = texts[place].next(answer, isLast: endsItself || isFull)
            if !text.isEmpty { job.events.yield(.text(text)) }
            let isLast = endsItself || isFull || texts[place].isStopped || isAbandoned
            guard isLast, !isDone[place] else { return isLast }
            isDone[place] = true
            let isStopped = endsItself || texts[place].isStopped
            metrics.count(
                promptTokens: continuation.prompt.count, answerTokens: answer.count)
            job.events.yield(
                .finished(isStopped ? .stop : .length, tokenCount: answer.count))
            // The client need not wait for the other requests of the batch.
            job.events.finish()
            return true
        }
    }
}
