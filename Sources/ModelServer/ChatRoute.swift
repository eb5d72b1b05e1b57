// SPDX-License-Identifier: Apache-2.0
// Answers POST /v1/chat/completions: in one piece, or as server-sent events.

import Foundation
import Hummingbird
import LanguageModels
import NIOCore
import NIOFoundationCompat

/// The chat endpoint.
struct ChatRoute: Sendable {
    let model: LanguageModel
    let limits: ServingLimits
    let queue: DecodingQueue
    let metrics: ServerMetrics

    private typealias Events = AsyncThrowingStream<AnswerEvent, any Error>

    /// Answers a request. If the client disconnects before the answer is sent, the event stream is
    /// dropped, which ends the decoding.
    func answer(_ request: Request) async throws -> Response {
        var response = try await request.body.consumeWithCancellationOnInboundClose { body in
            try await answer(body, length: request.headers[.contentLength].flatMap { Int($0) })
        }
        // A disconnect is detected by reading on; afterwards the connection cannot be used again.
        response.headers[.connection] = "close"
        return response
    }

    private func answer(_ body: RequestBody, length: Int?) async throws -> Response {
        let start = ContinuousClock.now
        let chat = try await ChatRequest(data(of: body, length: length))
        let continuation = try chat.continuation(by: model, limits)
        let identity = AnswerIdentity(model: model.name)
        let events = try queue.submit(continuation, stops: chat.stop?.texts ?? [])
        if chat.stream ?? false { return stream(events, identity, since: start) }

        metrics.count(active: 1)
        defer { metrics.count(active: -1) }
        var text = ""
        do {
            for try await event in events {
                switch event {
                case .text(let more): text += more
                case .finished(let reason, let count):
                    metrics.count(answerIn: .now - start)
                    return try JSONBody.response(
                        ChatResponse(
                            identity, text: text, reason,
                            usage: TokenUsage(
                                prompt: continuation.prompt.count, completion: count)))
                }
            }
        } catch {
            throw RefusedRequest.unavailable(metrics.problem ?? "the model failed: \(error)")
        }
        throw CancellationError()
    }

    private func data(of body: RequestBody, length: Int?) async throws -> Data {
        let tooLarge = RefusedRequest(
            status: .contentTooLarge,
            message: "the body has more than \(limits.bodyByteCount) bytes",
            code: "request_too_large")
        if let length, length > limits.bodyByteCount { throw tooLarge }
        do {
            return Data(buffer: try await body.collect(upTo: limits.bodyByteCount))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    /// Returns the answer as server-sent events. If a client disconnects, the write fails.
    private func stream(
        _ events: Events, _ identity: AnswerIdentity, since start: ContinuousClock.Instant
    ) -> Response {
        let metrics = metrics
        let body = ResponseBody { writer in
            metrics.count(active: 1)
            defer { metrics.count(active: -1) }
            func send(_ text: String) async throws {
                try await writer.write(ByteBuffer(string: "data: \(text)\n\n"))
            }
            do {
                try await send(
                    JSONBody.text(ChatChunk(identity, .init(role: "assistant", content: ""))))
                for try await event in events {
                    switch event {
                    case .text(let text):
                        try await send(JSONBody.text(ChatChunk(identity, .init(content: text))))
                    case .finished(let reason, _):
                        metrics.count(answerIn: .now - start)
                        try await send(JSONBody.text(ChatChunk(identity, .init(), reason)))
                    }
                }
                try await send("[DONE]")
            } catch let error where metrics.problem != nil {
                // The status has been sent already, so the error must be in the stream itself.
                try await send(#"{"error":{"message":"the model may no longer be served"}}"#)
                throw error
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"], body: body)
    }
}
