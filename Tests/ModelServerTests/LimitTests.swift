// SPDX-License-Identifier: Apache-2.0
// The parts of the server that need no model: rates, stop texts, requests.

import Foundation
import Hummingbird
import LanguageModels
import TemperFixtures
import Testing
import Tokenization

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
        "a request that cannot be granted says why",
        arguments: [
            ("", "byte 0"), ("{", "byte 1"), ("[]", "wrong type"),
            ("{}", "messages is missing"),
            (#"{"messages": []}"#, "messages must be"),
            (#"{"messages": [{"role": "user"}]}"#, "content is missing"),
            (#"{"messages": [{"role": "root", "content": "x"}]}"#, "role"),
            (#"{"messages": [{"role": "user", "content": 1}]}"#, "messages[0].content"),
            (
                #"{"messages": [{"role": "user", "content": [{"type": "image_url", "text": ""}]}]}"#,
                "type \"text\""
            ),
            (#"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}"#, "max_tokens"),
            (
                #"{"messages": [{"role": "user", "content": "x"}], "temperature": -1}"#,
                "temperature"
            ),
            (#"{"messages": [{"role": "user", "content": "x"}], "temperature": 9}"#, "temperature"),
            (#"{"messages": [{"role": "user", "content": "x"}], "seed": "x"}"#, "seed"),
            (#"{"messages": [{"role": "user", "content": "x"}], "stop": [""]}"#, "stop"),
            (#"{"messages": [{"role": "user", "content": "x"}], "n": 2}"#, "n must be 1"),
            (#"{"messages": [{"role": "user", "content": "x"}], "top_p": 0.5}"#, "top_p"),
            (#"{"messages": [{"role": "user", "content": "x"}], "tools": [{}]}"#, "tools"),
            (#"{"messages": [{"role": "user", "content": "x"}], "model": "y"}"#, "not served"),
        ])
    func refused(body: String, words: String) throws {
        let model = try tinyModel()
        let error = #expect(throws: RefusedRequest.self) {
            let request = try ChatRequest(Data(body.utf8))
            _ = try request.continuation(by: model, ServingLimits())
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "nothing")")
        #expect(error?.status.kind == .clientError)
    }

    @Test("a prompt longer than the context is refused, and a long answer is cut to the limit")
    func lengths() throws {
        let model = try tinyModel(contextLength: 64)
        var limits = ServingLimits()
        limits.answerTokenCount = 5
        func continuation(_ text: String) throws -> Continuation {
            let body = #"{"messages": [{"role": "user", "content": "\#(text)"}], "max_tokens": 99}"#
            return try ChatRequest(Data(body.utf8)).continuation(by: model, limits)
        }
        #expect(try continuation("hello").maximumTokens == 5)
        #expect(throws: RefusedRequest.self) {
            try continuation(String(repeating: "x", count: 99))
        }
    }
}
