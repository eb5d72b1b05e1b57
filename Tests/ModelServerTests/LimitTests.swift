// SPDX-License-Identifier: Apache-2.0
// The parts of the server that need no model: rates, stop texts, requests.

import Foundation
import Hummingbird
import LanguageModels
import TemperFixtures
import Testing
import Tokenization

@testable import ModelRequests
@testable import ModelServer

@Suite("Serving limits")
struct LimitTests {
    @Test("a bucket gives its burst, refuses, and fills with time, for each client apart")
    func rate() {
        let limiter = RateLimiter(perMinute: 60, burst: 3)
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(limiter.take(for: "a", now: start) == nil) }
        #expect(limiter.take(for: "a", now: start) == 1)
        #expect(limiter.take(for: "b", now: start) == nil)
        #expect(limiter.take(for: "a", now: start + .milliseconds(900)) == 1)
        #expect(limiter.take(for: "a", now: start + .milliseconds(1100)) == nil)
        #expect(limiter.take(for: "a", now: start + .milliseconds(1200)) == 1)
        // A clock that goes back gives nothing.
        #expect(limiter.take(for: "a", now: start - .seconds(100)) == 1)
    }

    @Test("text that may still change, or become a stop, waits; a stop is left out")
    func stops() throws {
        let tokenizer = try tinyModel().tokenizer
        func pieces(_ text: String, stops: [String]) -> (pieces: [String], isStopped: Bool) {
            let tokens = tokenizer.encode(text, addingSpecialTokens: false)
            var answer = AnswerText(tokenizer: tokenizer, stops: stops)
            var pieces: [String] = []
            for count in 1...tokens.count {
                let isLast = count == tokens.count
                pieces.append(answer.next(Array(tokens.prefix(count)), isLast: isLast))
            }
            return (pieces.filter { !$0.isEmpty }, answer.isStopped)
        }
        #expect(pieces("aé😀b", stops: []).pieces == ["a", "é", "😀", "b"])
        #expect(pieces("one STOP two", stops: ["STOP"]).pieces.joined() == "one ")
        #expect(pieces("one STOP two", stops: ["STOP"]).isStopped)
        #expect(pieces("one STO", stops: ["STOP"]).pieces.joined() == "one STO")
        #expect(!pieces("one STO", stops: ["STOP"]).isStopped)
        #expect(pieces("aabaac", stops: ["aac", "zz"]).pieces.joined() == "aab")
        #expect(pieces("xyz", stops: ["yz", "xyz!"]).pieces.joined() == "x")
        #expect(pieces("stop", stops: ["stop"]).pieces.joined() == "")
    }

    @Test(
        "what is no conversation is refused with the parameter that is wrong",
        arguments: [
            ("", nil, "byte 0"), ("{", nil, "byte 1"), ("[]", nil, "object"),
            ("{}", "messages", "is missing"),
            (#"{"messages": []}"#, "messages", "must be"),
            (#"{"messages": [{"role": "user"}]}"#, "messages[0].content", "is missing"),
            (
                #"{"messages": [{"role": "user", "content": null}]}"#, "messages[0].content",
                "is missing"
            ),
            (#"{"messages": [{"role": "root", "content": "x"}]}"#, "messages[0].role", "role"),
            (#"{"messages": [{"role": "tool", "content": "x"}]}"#, "messages[0].role", "role"),
            (#"{"messages": [{"role": "user", "content": 1}]}"#, "messages[0].content", "string"),
            (
                #"{"messages": [{"role": "user", "content": "x", "name": "y"}]}"#,
                "messages[0].name", "not supported"
            ),
            (
                #"{"messages": [{"role": "user", "content": [{"type": "image_url", "text": ""}]}]}"#,
                "messages[0].content[0].type", "\"text\""
            ),
            (#"{"messages": 1, "messages": 2}"#, nil, "twice"),
        ] as [(String, String?, String)])
    func refused(body: String, parameter: String?, words: String) throws {
        let model = try tinyModel()
        let error = #expect(throws: RefusedRequest.self) {
            let request = try ChatRequest(Data(body.utf8))
            _ = try request.continuations(by: model, ServingLimits())
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "nothing")")
        #expect(error?.parameter == parameter)
        #expect(error?.status == .badRequest)
    }

    private static func request(_ more: String) throws -> ChatRequest {
        try ChatRequest(
            Data(#"{"messages": [{"role": "user", "content": "x"}], \#(more)}"#.utf8))
    }

    @Test(
        "nothing that would change an answer is ignored",
        arguments: [
            ("max_tokens", "0"), ("max_tokens", "1.5"), ("max_completion_tokens", "0"),
            ("temperature", "-1"), ("temperature", "9"), ("temperature", "\"1\""),
            ("seed", "\"x\""), ("stop", "[\"\"]"), ("stop", "1"),
            ("stop", #"["a", "b", "c", "d", "e"]"#), ("n", "0"), ("n", "9"), ("top_p", "0.5"),
            ("tools", "[{}]"), ("functions", "[{}]"), ("tool_choice", "\"required\""),
            ("presence_penalty", "2.1"), ("frequency_penalty", "-2.1"), ("logprobs", "1"),
            ("top_logprobs", "3"), ("top_logprobs", "21"), ("logit_bias", #"{"1": 5}"#),
            ("response_format", #"{"type": "json_object"}"#), ("stream", "\"yes\""),
            ("stream_options", "{}"), ("reasoning_effort", "\"low\""), ("verbosity", "\"low\""),
            ("modalities", #"["audio"]"#), ("audio", "{}"), ("prediction", "{}"),
            ("web_search_options", "{}"), ("top_k", "5"), ("min_p", "0.1"), ("model", "\"y\""),
            ("unheard_of", "false"),
        ])
    func unsupported(name: String, value: String) throws {
        let model = try tinyModel()
        let error = #expect(throws: RefusedRequest.self) {
            _ = try Self.request("\"\(name)\": \(value)").continuations(by: model, ServingLimits())
        }
        #expect(error?.parameter == name)
        #expect(error?.status.kind == .clientError)
    }

    @Test(
        "what asks for nothing special is granted, and null is like nothing",
        arguments: [
            #""top_p": 1"#, #""top_p": 1.0"#, #""tools": []"#, #""tools": null"#,
            #""tool_choice": "none""#, #""response_format": {"type": "text"}"#,
            #""logit_bias": {}"#, #""user": "u""#, #""metadata": {"a": "b"}"#, #""store": false"#,
            #""n": null, "stop": null, "seed": null, "temperature": null, "logprobs": null"#,
            #""logprobs": false, "top_logprobs": 0"#, #""modalities": ["text"]"#,
            #""reasoning_effort": null"#, #""stream": true, "stream_options": {}"#,
        ])
    func granted(more: String) throws {
        let plain = try Self.request(#""seed": 1"#).continuations(by: tinyModel(), ServingLimits())
        let request = try Self.request(more)
        let continuations = try request.continuations(by: tinyModel(), ServingLimits())
        #expect(continuations.map(\.prompt) == plain.map(\.prompt))
        #expect(continuations.allSatisfy { $0.temperature == 0 && $0.scoredTokens == nil })
    }

    @Test("settings arrive, and a developer is the system; an assistant may have said nothing")
    func settings() throws {
        let model = try tinyModel()
        let request = try Self.request(
            #""n": 2, "seed": -3, "temperature": 0.5, "presence_penalty": -1, "logprobs": true, "#
                + #""frequency_penalty": 0.25, "top_logprobs": 4, "max_tokens": 9, "stop": "z""#)
        let continuations = try request.continuations(by: model, ServingLimits())
        #expect(request.stops == ["z"])
        #expect(continuations.count == 2)
        #expect(continuations[0].seed == UInt64(bitPattern: -3))
        #expect(continuations[1].seed != continuations[0].seed)
        for continuation in continuations {
            #expect(continuation.maximumTokens == 9 && continuation.temperature == 0.5)
            #expect(continuation.presencePenalty == -1 && continuation.frequencyPenalty == 0.25)
            #expect(continuation.scoredTokens == 4)
        }
        let roles = try ChatRequest(
            Data(
                #"""
                {"messages": [
                    {"role": "developer", "content": [{"type": "text", "text": "a"},
                                                      {"type": "text", "text": "b"}]},
                    {"role": "assistant", "content": null, "refusal": null, "tool_calls": []},
                    {"role": "user", "content": "c"}]}
                """#.utf8))
        #expect(roles.messages.map(\.role) == ["system", "assistant", "user"])
        #expect(roles.messages.map(\.content) == ["ab", "", "c"])
    }

    @Test("a body of which some bytes are changed is read, or refused on one line")
    func mutated() throws {
        let body = Array(
            #"""
            {"messages": [{"role": "developer", "content": [{"type": "text", "text": "a\u00e9"}]},
            {"role": "user", "content": "b"}], "n": 2, "stop": ["x"], "temperature": 0.5,
            "logprobs": true, "top_logprobs": 2, "stream": true, "seed": 7, "max_tokens": 5,
            "stream_options": {"include_usage": true}, "presence_penalty": -1e0, "user": null}
            """#.utf8)
        let model = try tinyModel()
        let parts = Array(#"{}[]",:\0-9.eE+tfnul \#u{0}\#u{FF}"#.utf8)
        var random = SystemRandomNumberGenerator()
        var refusals = 0
        for _ in 0..<5000 {
            var changed = body
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<changed.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: changed.remove(at: place)
                case 1: changed[place] = parts.randomElement(using: &random) ?? 0
                default: changed.insert(parts.randomElement(using: &random) ?? 0, at: place)
                }
            }
            do {
                _ = try ChatRequest(Data(changed)).continuations(by: model, ServingLimits())
            } catch {
                refusals += 1
                #expect(error.status.kind == .clientError)
                let isOneLine = !error.message.contains(where: \.isNewline)
                #expect(isOneLine, "\(String(decoding: changed, as: UTF8.self))")
            }
        }
        #expect(refusals > 1000)
    }

    @Test("a prompt longer than the context is refused, and a long answer is cut to the limit")
    func lengths() throws {
        let model = try tinyModel(contextLength: 64)
        var limits = ServingLimits()
        limits.answerTokenCount = 5
        func continuation(_ text: String) throws -> Continuation {
            let body = #"{"messages": [{"role": "user", "content": "\#(text)"}], "max_tokens": 99}"#
            return try #require(
                try ChatRequest(Data(body.utf8)).continuations(by: model, limits).first)
        }
        #expect(try continuation("hello").maximumTokens == 5)
        #expect(throws: RefusedRequest.self) {
            try continuation(String(repeating: "x", count: 99))
        }
    }
}
