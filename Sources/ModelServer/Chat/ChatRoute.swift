// SPDX-License-Identifier: Apache-2.0
// Answers POST /v1/chat/completions: in one piece, or as server-sent events.

import Foundation
import Hummingbird
import LanguageModels
import ModelRequests
import NIOCore
import NIOFoundationCompat
import Tokenization

/// The chat endpoint.
struct ChatRoute: Sendable {
    let model: LanguageModel
    let limits: ServingLimits
    let queue: DecodingQueue
    let connections: Connections
    let metrics: ServerMetrics

    /// One answer of a request while it arrives.
    private struct Choice {
        var text = ""
        var scores: [TokenScores] = []
        var end: (reason: FinishReason, tokenCount: Int)?
    }

    /// Answers a request. If the client hangs up before the answer is sent, its decoding ends.
    func answer(_ request: Request, _ context: ServingContext) async throws -> Response {
        let start = ContinuousClock.now
        // The connection has collected the whole body before.
        let body = try await request.body.collect(upTo: limits.bodyByteCount)
        let chat = try ChatRequest(Data(buffer: body))
        let continuations = try chat.continuations(by: model, limits)
        guard let connection = connections.connection(of: context.channel) else {
            throw CancellationError()
        }
        let answers = try queue.submit(continuations, stops: chat.stops)
        connection.whenClosed { answers.abandon() }
        if chat.isStream {
            return stream(
                answers, chat, promptLength: continuations[0].prompt.count, connection, since: start
            )
        }
        metrics.count(active: 1)
        defer {
            metrics.count(active: -1)
            connection.whenClosed(nil)
        }
        var choices = [Choice](repeating: Choice(), count: continuations.count)
        do {
            for try await event in answers.events {
                switch event {
                case .text(let index, let text, let scores):
                    choices[index].text += text
                    choices[index].scores += scores
                case .finished(let index, let reason, let count):
                    choices[index].end = (reason, count)
                }
            }
        } catch {
            throw RefusedRequest.unavailable("the model failed: \(error)")
        }
        let counts = choices.compactMap { $0.end?.tokenCount }
        guard counts.count == choices.count else { throw CancellationError() }
        metrics.count(answerIn: .now - start)
        return try JSONBody.response(
            ChatResponse(
                AnswerIdentity(model: model.name),
                choices.enumerated().map { index, choice in
                    ChatResponse.Choice(
                        index: index, message: .init(content: choice.text),
                        logprobs: logProbabilities(choice.scores, chat),
                        finishReason: choice.end?.reason ?? .stop)
                },
                usage: TokenUsage(
                    prompt: continuations[0].prompt.count, completion: counts.reduce(0, +))))
    }

    private func logProbabilities(_ scores: [TokenScores], _ chat: ChatRequest)
        -> LogProbabilities?
    {
        LogProbabilities(chat.scoredTokens == nil ? nil : scores, model.tokenizer)
    }

    /// Returns the answers as server-sent events. If a client disconnects, the write fails.
    private func stream(
        _ answers: DecodingQueue.Answers, _ chat: ChatRequest, promptLength: Int,
        _ connection: Connection, since start: ContinuousClock.Instant
    ) -> Response {
        let route = self
        let body = ResponseBody { writer in
            route.metrics.count(active: 1)
            defer {
                route.metrics.count(active: -1)
                connection.whenClosed(nil)
                // Nobody reads on if a write has failed.
                answers.abandon()
            }
            let identity = AnswerIdentity(model: route.model.name)
            func send(_ text: String) async throws {
                try await writer.write(ByteBuffer(string: "data: \(text)\n\n"))
            }
            func send(_ choices: [ChatChunk.Choice], _ usage: ChatChunk.Usage) async throws {
                try await send(JSONBody.text(ChatChunk(identity, choices, usage: usage)))
            }
            let later: ChatChunk.Usage = chat.includesUsage ? .later : .absent
            var tokenCount = 0
            do {
                for index in 0..<chat.choiceCount {
                    try await send(
                        [.init(index: index, delta: .init(role: "assistant", content: ""))], later)
                }
                for try await event in answers.events {
                    switch event {
                    case .text(let index, let text, let scores):
                        try await send(
                            [
                                .init(
                                    index: index, delta: .init(content: text),
                                    logprobs: route.logProbabilities(scores, chat))
                            ], later)
                    case .finished(let index, let reason, let count):
                        tokenCount += count
                        try await send(
                            [.init(index: index, delta: .init(), finishReason: reason)], later)
                    }
                }
                if chat.includesUsage {
                    let usage = TokenUsage(prompt: promptLength, completion: tokenCount)
                    try await send([], .now(usage))
                }
                route.metrics.count(answerIn: .now - start)
                try await send("[DONE]")
            } catch let error as ModelFailure {
                // The status has been sent already, so the error must be in the stream itself.
                try await send(RefusedRequest.unavailable("the model failed: \(error)").json)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"], body: body)
    }
}
