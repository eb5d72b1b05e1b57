// SPDX-License-Identifier: Apache-2.0
// A server on loopback: what it answers, what it refuses, and that it serves the verified bytes.

import Checkpoints
import Foundation
import LanguageModels
import ModelRequests
import Provenance
import TemperFixtures
import Testing
import Tokenization

@testable import ModelServer

@Suite("A served model", .serialized, .timeLimit(.minutes(5)))
struct ServerTests {
    private static func request(
        _ text: String, tokens: Int = 12, stream: Bool = false, more: String = ""
    ) -> String {
        #"{"messages": [{"role": "user", "content": "\#(text)"}], "max_tokens": \#(tokens), "#
            + #""stream": \#(stream)\#(more)}"#
    }

    /// What the model answers when nobody else asks.
    private static func alone(_ model: LanguageModel, _ text: String, tokens: Int = 12) throws
        -> String
    {
        let prompt = try model.tokens(
            for: [ChatMessage(role: "user", content: text)], addingGenerationPrompt: true)
        let answer = try Generator(maximumTokens: tokens).generate(from: [prompt], model: model)[0]
        return model.tokenizer.decode(answer, skippingSpecialTokens: true)
    }

    @Test("answers are the model's own, in one piece and as a stream, alone and in a batch")
    func answers() async throws {
        let admitted = try await SignedModel().admitted()
        try await withServer(admitted) { client in
            let texts = ["Hello", "What?", "x", "a longer question than the others are"]
            for text in texts {
                let expected = try Self.alone(admitted.model, text)
                let whole = try await client.chat(Self.request(text))
                #expect(whole.status == 200, "\(whole)")
                #expect(try whole.content() == expected)
                let streamed = try await client.chat(Self.request(text, stream: true))
                #expect(streamed.head.contains("text/event-stream"))
                #expect(try streamed.content() == expected)
                #expect(streamed.body.hasSuffix("data: [DONE]\n\n"))
                #expect(streamed.body.contains(#""finish_reason":"length""#))
            }
            let answers = try await withThrowingTaskGroup(of: (String, Answer).self) { group in
                for text in texts + texts {
                    group.addTask { (text, try await client.chat(Self.request(text))) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (text, answer) in answers {
                #expect(try answer.content() == Self.alone(admitted.model, text))
            }
            let usage = try #require(
                try await client.chat(Self.request("x")).json()["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == 12)
            #expect(usage["total_tokens"] == 12 + (usage["prompt_tokens"] ?? 0))
            let answer = try await client.get("/metrics")
            let metrics = answer.body
            #expect(try #require(answer.metric("temper_steps_total")) < 204)
            // Each of 17 answers got 12 tokens, in fewer steps.
            #expect(metrics.contains("temper_step_answers_total 204\n"))
            #expect(metrics.contains(#"temper_responses_total{code="200"} 17"#))
            #expect(metrics.contains("temper_answer_seconds_count 17\n"))
        }
    }

    @Test("a stop text ends the answer before it, and sampling repeats with its seed")
    func settings() async throws {
        let admitted = try await SignedModel().admitted()
        try await withServer(admitted) { client in
            let full = try Self.alone(admitted.model, "Hello", tokens: 40)
            let stop = String(full.dropFirst(6).prefix(3))
            let before = try #require(full.range(of: stop)).lowerBound
            let quoted = String(
                decoding: try JSONEncoder().encode([stop]), as: UTF8.self)
            let stopped = try await client.chat(
                Self.request("Hello", tokens: 40, more: ", \"stop\": \(quoted)"))
            #expect(try stopped.content() == full[..<before])
            #expect(stopped.body.contains(#""finish_reason":"stop""#))
            let sampled = Self.request("Hello", more: #", "temperature": 1.5, "seed": 11"#)
            let first = try await client.chat(sampled).content()
            #expect(try await client.chat(sampled).content() == first)
            let other = Self.request("Hello", more: #", "temperature": 1.5, "seed": 12"#)
            #expect(try await client.chat(other).content() != first)
        }
    }

    @Test("what cannot be answered is refused with its status")
    func refusals() async throws {
        var limits = ServingLimits()
        limits.bodyByteCount = 1000
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            #expect(try await client.chat("{").status == 400)
            #expect(try await client.chat("\u{0}").status == 400)
            let error = try await client.chat(#"{"messages": []}"#)
            #expect(error.status == 400)
            let inner = try #require(try error.json()["error"] as? [String: String])
            #expect(inner["type"] == "invalid_request_error")
            #expect(inner["param"] == "messages")
            let large = String(repeating: "x", count: 2000)
            #expect(try await client.chat(Self.request(large)).status == 413)
            let chunked = try await client.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n\(large)\r\n0\r\n\r\n")
            #expect(chunked.status == 413)
            #expect(try await client.get("/v2").status == 404)
            #expect(try await client.get("/v1/chat/completions").status >= 404)
            #expect(try await client.send("NONSENSE\r\n\r\n").status == 400)
            #expect(try await client.get("/health").status == 200)
            let adapter = Self.request("x", more: #", "model": "tiny:unsafe-lora""#)
            #expect(try await client.chat(adapter).status == 404)
            let models = try await client.get("/v1/models")
            #expect(models.body.contains(#""id":"tiny""#))
            let model = try await client.get("/v1/models/tiny")
            #expect(model.status == 200 && model.body.contains(#""id":"tiny""#))
            #expect(try await client.get("/v1/models/tony").status == 404)
        }
    }

    @Test("a client that asks too often is told when to ask again")
    func rate() async throws {
        var limits = ServingLimits()
        limits.requestsPerMinute = 1
        limits.burst = 2
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            for _ in 0..<2 { #expect(try await client.chat(Self.request("x")).status == 200) }
            let refused = try await client.chat(Self.request("x"))
            #expect(refused.status == 429)
            #expect(refused.head.lowercased().contains("retry-after: "))
            #expect(try await client.get("/health").status == 200)
        }
    }

    @Test("n answers differ when they are sampled, and have their indices in a stream too")
    func choices() async throws {
        try await withServer(SignedModel().admitted()) { client in
            let more = #", "n": 3, "temperature": 1.5, "seed": 4"#
            let whole = try await client.chat(Self.request("x", more: more)).json()
            let choices = try #require(whole["choices"] as? [[String: Any]])
            #expect(choices.compactMap { $0["index"] as? Int } == [0, 1, 2])
            let texts = try choices.map { choice in
                try #require((choice["message"] as? [String: Any])?["content"] as? String)
            }
            #expect(Set(texts).count == 3)
            let usage = try #require(whole["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == 36)

            let options = #", "stream_options": {"include_usage": true}"#
            let stream = try await client.chat(
                Self.request("x", stream: true, more: more + options))
            var streamed = ["", "", ""]
            var usages: [[String: Int]] = []
            for event in stream.body.components(separatedBy: "\n\n")
            where event.hasPrefix("data: {") {
                let piece = try #require(
                    try JSONSerialization.jsonObject(with: Data(event.dropFirst(6).utf8))
                        as? [String: Any])
                #expect(piece.keys.contains("usage"))
                if let usage = piece["usage"] as? [String: Int] { usages.append(usage) }
                for choice in try #require(piece["choices"] as? [[String: Any]]) {
                    let delta = try #require(choice["delta"] as? [String: Any])
                    let index = try #require(choice["index"] as? Int)
                    streamed[index] += delta["content"] as? String ?? ""
                }
            }
            #expect(streamed == texts)
            #expect(usages == [usage])
        }
    }

    @Test("log-probabilities come with each token, whole and streamed")
    func logProbabilities() async throws {
        try await withServer(SignedModel().admitted()) { client in
            let more = #", "logprobs": true, "top_logprobs": 2"#
            let whole = try await client.chat(Self.request("x", more: more)).json()
            let choice = try #require((whole["choices"] as? [[String: Any]])?.first)
            let content = try #require(
                (choice["logprobs"] as? [String: Any])?["content"] as? [[String: Any]])
            #expect(content.count == 12)
            for token in content {
                let likeliest = try #require(token["top_logprobs"] as? [[String: Any]])
                #expect(likeliest.count == 2)
                // A greedy answer takes the likeliest.
                #expect(likeliest[0]["token"] as? String == token["token"] as? String)
                #expect(try #require(token["logprob"] as? Double) < 0)
            }
            let plain = try await client.chat(Self.request("x"))
            #expect(!plain.body.contains("logprob"))
            let stream = try await client.chat(Self.request("x", stream: true, more: more))
            #expect(stream.body.components(separatedBy: "top_logprobs").count == 13)
        }
    }

    @Test("a request joins a batch that runs, and does not wait for its end")
    func joining() async throws {
        var limits = ServingLimits()
        limits.answerTokenCount = 4000
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            let long = try await client.open(
                sending: Client.post(Self.request("x", tokens: 4000, stream: true)))
            _ = try await Client.blocking { long.receive(most: 200) }
            #expect(try await client.chat(Self.request("y", tokens: 2)).status == 200)
            let metrics = try await client.get("/metrics")
            #expect(metrics.metric("temper_active_requests") == 1)
            withExtendedLifetime(long) {}
        }
    }

    @Test("a client that hangs up ends the decoding of its answer, streamed or not")
    func hangUp() async throws {
        var limits = ServingLimits()
        limits.answerTokenCount = 4000
        let admitted = try await SignedModel().admitted()
        let served = limits
        for isStream in [true, false] {
            try await withServer(admitted, limits: served) { client in
                let long = Client.post(Self.request("x", tokens: 4000, stream: isStream))
                _ = try await client.received(after: long, hangingUpAfter: isStream ? 200 : 0)
                // The next answer comes when that one has ended.
                #expect(try await client.chat(Self.request("y")).status == 200)
                // That nobody listens shows at the next write, which may come a little later.
                var metrics = ""
                for _ in 0..<100 where !metrics.contains("temper_active_requests 0\n") {
                    if !metrics.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
                    metrics = try await client.get("/metrics").body
                }
                #expect(metrics.contains("temper_active_requests 0\n"))
                let line = try #require(
                    metrics.split(separator: "\n").first {
                        $0.hasPrefix(#"temper_tokens_total{kind="completion"}"#)
                    })
                let count = try #require(line.split(separator: " ").last.flatMap { Int($0) })
                #expect(count < 4000, "\(isStream)")
            }
        }
    }

    @Test("a full queue refuses")
    func queue() async throws {
        var limits = ServingLimits()
        (limits.batchSize, limits.queueLength, limits.answerTokenCount) = (1, 1, 1500)
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await client.chat(Self.request("x", tokens: 1500)).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.contains(503))
            #expect(statuses.contains(200))
            #expect(Set(statuses).isSubset(of: [200, 503]))
        }
    }
}
