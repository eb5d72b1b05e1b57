// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
import Measuring
import NIOHTTP1
import Records
import Suites
import Testing
import Training

@testable import EndpointJudges

@Suite("An endpoint as a judge")
struct EndpointJudgeTests {
    private static let key = "sk-secret-1234567890"

    private func answers(_ count: Int) -> [JudgedAnswer] {
        (0..<count).map { JudgedAnswer(prompt: "tie knot \($0)", answer: "Loop it \($0) times.") }
    }

    private func judge(
        _ server: LocalServer, key: String? = nil, change: (inout ChatEndpoint) -> Void = { _ in }
    ) throws -> EndpointJudge {
        var endpoint = try ChatEndpoint(address: server.address, model: "tiny")
        endpoint.firstDelay = 0.01
        endpoint.keyVariable = key
        change(&endpoint)
        return try EndpointJudge(endpoint, environment: ["JUDGE_KEY": Self.key])
    }

    @Test("verdicts come in the order of the answers, and tokens and dollars are counted")
    func verdicts() throws {
        let server = try LocalServer { request, _ in
            // Answers by what it was shown, since requests run side by side.
            for (place, reply) in ["Yes.", "no", "Perhaps", "", "**Yes**"].enumerated()
            where request.body.contains("Loop it \(place) times") { return .completion(reply) }
            return .completion("No, it declines.")
        }
        let judge = try judge(server, key: "JUDGE_KEY") {
            $0.inputPrice = 0.5
            $0.outputPrice = 10
        }
        let judgement = try judge.judgement(of: answers(7))
        #expect(
            judgement.verdicts == [
                .unsafe(1), .unsafe(0), .undecided, .undecided, .unsafe(1), .unsafe(0), .unsafe(0),
            ])
        #expect(judgement.usage.calls == 7)
        #expect(judgement.usage.promptTokens == 700)
        #expect(judgement.usage.completionTokens == 7)
        // 700 tokens at 0.5 and 7 at 10 dollars a million.
        #expect(abs((judgement.usage.dollars ?? 0) - 0.00042) < 1e-12)
        let request = try #require(server.requests.first)
        #expect(request.head.method == .POST)
        #expect(request.head.uri == "/v1/chat/completions")
        #expect(request.head.headers["Authorization"] == ["Bearer \(Self.key)"])
        let body = try #require(
            JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any])
        #expect(body["model"] as? String == "tiny")
        #expect(body["temperature"] as? Double == 0)
        #expect(body["max_tokens"] as? Int == 8)
        let messages = try #require(body["messages"] as? [[String: String]])
        #expect(messages.count == 1 && messages[0]["content"]?.contains("tie knot") == true)
    }

    @Test("an endpoint without a key is sent none")
    func withoutKey() throws {
        let server = try LocalServer { _, _ in .completion("Yes") }
        _ = try judge(server).judgement(of: answers(1))
        #expect(server.requests.first?.head.headers["Authorization"] == [])
    }

    @Test("what may pass is tried again", arguments: [408, 429, 500, 503])
    func retries(status: Int) throws {
        let server = try LocalServer { _, number in
            number < 3 ? ServedReply(status: status) : .completion("Yes")
        }
        let judgement = try judge(server).judgement(of: answers(1))
        #expect(judgement.verdicts == [.unsafe(1)])
        #expect(server.requests.count == 3)
        #expect(judgement.usage.calls == 1)
    }

    @Test("waits double, and Retry-After is honoured")
    func waits() throws {
        let server = try LocalServer { _, number in
            switch number {
            case 1, 2: ServedReply(status: 503)
            case 3: ServedReply(status: 429, headers: [("Retry-After", "1")])
            default: .completion("No")
            }
        }
        _ = try judge(server) { $0.firstDelay = 0.1 }.judgement(of: answers(1))
        let times = server.requests.map(\.time)
        try #require(times.count == 4)
        #expect(times[1] - times[0] >= .milliseconds(100))
        #expect(times[2] - times[1] >= .milliseconds(200))
        #expect(times[3] - times[2] >= .seconds(1))
    }

    @Test("tries are bounded, and the error says what to do")
    func bounded() throws {
        let server = try LocalServer { _, _ in ServedReply(status: 502) }
        let error = #expect(throws: InputError.self) {
            try judge(server) { $0.attempts = 3 }.judgement(of: answers(1))
        }
        #expect(server.requests.count == 3)
        #expect(error?.description.contains("gave up after 3 tries") == true)
        #expect(error?.description.contains("502") == true)
        #expect(error?.description.contains("127.0.0.1") == true)
    }

    @Test("an endpoint that asks for more patience than there is ends the audit at once")
    func impatient() throws {
        let server = try LocalServer { _, _ in
            ServedReply(status: 429, headers: [("Retry-After", "86400")])
        }
        let error = #expect(throws: InputError.self) {
            try judge(server).judgement(of: answers(1))
        }
        #expect(server.requests.count == 1)
        #expect(error?.problem.contains("86400") == true)
    }

    @Test("a server that never answers is a time-out, which is tried again")
    func timeout() throws {
        let server = try LocalServer { _, number in number == 1 ? nil : .completion("Yes") }
        let start = ContinuousClock.now
        let judgement = try judge(server) { $0.timeout = 0.3 }.judgement(of: answers(1))
        #expect(judgement.verdicts == [.unsafe(1)])
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        #expect(server.requests.count == 2)
    }

    @Test("a server that stays silent is an error that says for how long")
    func silent() throws {
        let server = try LocalServer { _, _ in nil }
        let error = #expect(throws: InputError.self) {
            try judge(server) {
                $0.timeout = 0.2
                $0.attempts = 1
            }.judgement(of: answers(1))
        }
        #expect(error?.problem.contains("did not answer within 0.2 s") == true)
    }

    @Test("nobody there is an error after all tries")
    func nobody() throws {
        let server = try LocalServer { _, _ in nil }
        var endpoint = try ChatEndpoint(address: "http://127.0.0.1:1/v1", model: "tiny")
        endpoint.firstDelay = 0.01
        endpoint.attempts = 2
        let judge = try EndpointJudge(endpoint, environment: [:])
        let error = #expect(throws: InputError.self) { try judge.judgement(of: answers(1)) }
        #expect(error?.problem.contains("gave up after 2 tries: it cannot be reached") == true)
        withExtendedLifetime(server) {}
    }

    @Test("what will not pass is not tried again", arguments: [301, 400, 401, 403, 404])
    func refused(status: Int) throws {
        let server = try LocalServer { _, _ in
            ServedReply(
                status: status, headers: [("Location", "http://127.0.0.1:1/")],
                body: "{\"error\": \"wrong key \(Self.key)\"}")
        }
        let error = #expect(throws: InputError.self) {
            try judge(server, key: "JUDGE_KEY").judgement(of: answers(1))
        }
        #expect(server.requests.count == 1)
        #expect(error?.description.contains("\(status)") == true)
        // An endpoint that repeats the key must not bring it into a log.
        #expect(error?.description.contains(Self.key) == false)
    }

    @Test(
        "a reply that is no completion is an error",
        arguments: ["", "<html>", "{\"choices\": []}", "{\"choices\": [{}]}"])
    func malformed(body: String) throws {
        let server = try LocalServer { _, _ in ServedReply(body: body) }
        let error = #expect(throws: InputError.self) {
            try judge(server).judgement(of: answers(1))
        }
        #expect(error?.problem.contains("no chat completion") == true)
    }

    @Test(
        "a reply without usage costs nothing that is known, and one without content is no verdict")
    func withoutUsage() throws {
        let server = try LocalServer { _, _ in
            ServedReply(body: #"{"choices": [{"message": {"content": null}}]}"#)
        }
        let judgement = try judge(server).judgement(of: answers(1))
        #expect(judgement.verdicts == [.undecided])
        #expect(judgement.usage.promptTokens == 0)
    }

    @Test("neither name, identity nor note holds the key")
    func secret() throws {
        let server = try LocalServer { _, _ in nil }
        let judge = try judge(server, key: "JUDGE_KEY")
        for text in [judge.name, judge.identity, judge.note, "\(judge.endpoint)"] {
            #expect(!text.contains(Self.key))
        }
    }

    @Test(
        "an address that should not be used is an error",
        arguments: [
            ("api.example.com/v1", "m", "form"), ("ftp://a/v1", "m", "form"),
            ("http://api.example.com/v1", "m", "in the clear"),
            ("https://me:word@api.example.com/v1", "m", "user"),
            ("https://api.example.com/v1?key=1", "m", "query"),
            ("https://api.example.com/v1", "", "model=NAME"),
        ])
    func address(address: String, model: String, word: String) throws {
        let error = #expect(throws: InputError.self) {
            try ChatEndpoint(address: address, model: model)
        }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        #expect(error?.description.contains("word@") == false)
    }

    @Test("a base and a full address are the same")
    func addresses() throws {
        for address in [
            "https://api.example.com/v1", "https://api.example.com/v1/",
            "https://api.example.com/v1/chat/completions",
        ] {
            let endpoint = try ChatEndpoint(address: address, model: "m")
            #expect(endpoint.url.absoluteString == "https://api.example.com/v1/chat/completions")
        }
    }

    @Test("a key that is not set is an error that names the variable")
    func missingKey() throws {
        var endpoint = try ChatEndpoint(address: "https://api.example.com/v1", model: "m")
        endpoint.keyVariable = "NO_SUCH_KEY"
        let error = #expect(throws: InputError.self) {
            try EndpointJudge(endpoint, environment: [:])
        }
        #expect(error?.problem.contains("NO_SUCH_KEY") == true)
    }

    @Test("Retry-After is seconds or a date")
    func retryAfter() {
        let now = Date(timeIntervalSince1970: 1_793_000_000)
        #expect(retryDelay("7", now: now) == 7)
        #expect(retryDelay(" 0 ", now: now) == 0)
        #expect(retryDelay("-3", now: now) == 0)
        #expect(retryDelay("inf", now: now) == nil)
        #expect(retryDelay("soon", now: now) == nil)
        #expect(retryDelay(nil, now: now) == nil)
        // date -u -d @1793000090: Mon, 26 Oct 2026 07:34:50 GMT
        #expect(retryDelay("Mon, 26 Oct 2026 07:34:50 GMT", now: now) == 90)
        #expect(retryDelay("Mon, 26 Oct 2020 07:34:50 GMT", now: now) == 0)
    }
}
