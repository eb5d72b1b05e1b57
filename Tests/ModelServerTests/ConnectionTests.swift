// SPDX-License-Identifier: Apache-2.0
// Connections: none leaks, and clients that keep the server waiting keep nobody else out.

import Foundation
import LanguageModels
import ModelRequests
import TemperFixtures
import Testing

@testable import ModelServer

@Suite("Connections", .serialized, .timeLimit(.minutes(5)))
struct ConnectionTests {
    private static let chat =
        #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 2}"#

    private static func limits(_ change: (inout ServingLimits) -> Void) -> ServingLimits {
        var limits = ServingLimits()
        limits.connectionCount = 8
        limits.monitoringShare = 2
        limits.requestsPerMinute = 100_000
        limits.burst = 100_000
        change(&limits)
        return limits
    }

    /// Waits until only the connection that asks is open.
    private static func expectNoneLeft(_ client: Client) async throws {
        var open: Double?
        for _ in 0..<100 {
            open = try await client.get("/metrics").metric("temper_open_connections")
            if open == 1 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(open ?? -1) connections are open")
    }

    /// A request whose body has more bytes than the limit, in one piece.
    private static func tooLong(_ head: String, body: String) -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/json\r\n\(head)\r\n\r\n\(body)"
    }

    @Test("a body that is too long is answered 413 and leaves no connection behind")
    func tooLong() async throws {
        let limits = Self.limits { $0.bodyByteCount = 1000 }
        let large = String(repeating: "x", count: 2000)
        let requests = [
            Self.tooLong("Content-Length: 2000", body: large),
            // The rest never comes.
            Self.tooLong("Content-Length: 2000", body: "x"),
            Self.tooLong("Content-Length: 9000000000000000000", body: large),
            Self.tooLong("Transfer-Encoding: chunked", body: "7d0\r\n\(large)\r\n0\r\n\r\n"),
            Self.tooLong("Transfer-Encoding: chunked", body: "7d0\r\n\(large)"),
        ]
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            for _ in 0..<8 {
                for request in requests {
                    let answer = try await client.send(request)
                    #expect(answer.status == 413)
                    #expect(answer.head.lowercased().contains("connection: close"))
                }
            }
            #expect(try await client.chat(Self.chat).status == 200)
            try await Self.expectNoneLeft(client)
        }
    }

    @Test(
        "a request that does not come in time ends its connection",
        arguments: [
            "", "G", "GET /health HTTP/1.1\r\n",
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
        ])
    func late(start: String) async throws {
        let limits = Self.limits { $0.requestSeconds = 1 }
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            let socket = try await client.open(sending: start)
            let seconds = try await Client.blocking { socket.secondsUntilClosed() }
            #expect(try #require(seconds) < 20)
            #expect(try await client.get("/health").status == 200)
        }
    }

    @Test("bytes that drip do not put the end off")
    func dripping() async throws {
        let limits = Self.limits { $0.requestSeconds = 1 }
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            let socket = try await client.open(sending: "GET /health HTTP/1.1\r\nX: ")
            var isOpen = true
            let start = ContinuousClock.now
            while isOpen, ContinuousClock.now - start < .seconds(20) {
                try await Task.sleep(for: .milliseconds(50))
                isOpen = socket.send("x")
            }
            #expect(!isOpen)
        }
    }

    @Test("more silent clients than there are connections keep nobody out")
    func silent() async throws {
        try await withServer(SignedModel().admitted(), limits: Self.limits { _ in }) { client in
            var sockets: [Socket] = []
            for index in 0..<40 {
                sockets.append(
                    try await client.open(sending: index % 2 == 0 ? "" : "GET /health HTTP/1.1\r\n")
                )
                if index % 5 == 0 {
                    #expect(try await client.get("/health").status == 200)
                    #expect(try await client.chat(Self.chat).status == 200)
                }
            }
            let open = try await client.get("/metrics").metric("temper_open_connections")
            #expect(try #require(open) <= 8)
            sockets = []
            try await Self.expectNoneLeft(client)
        }
    }

    @Test("answers on their way leave connections for the server's health")
    func health() async throws {
        let limits = Self.limits {
            $0.connectionCount = 4
            $0.monitoringShare = 2
            $0.answerTokenCount = 4000
        }
        let long = Client.post(
            #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 4000}"#)
        try await withServer(SignedModel().admitted(), limits: limits) { client in
            var sockets: [Socket] = []
            for _ in 0..<2 { sockets.append(try await client.open(sending: long)) }
            var active = 0.0
            for _ in 0..<100 where active < 2 {
                active = try await client.get("/metrics").metric("temper_active_requests") ?? 0
            }
            #expect(active == 2)
            let refused = try await client.chat(Self.chat)
            #expect(refused.status == 503)
            #expect(refused.head.lowercased().contains("retry-after"))
            #expect(try await client.get("/health").status == 200)
            withExtendedLifetime(sockets) {}
        }
    }

    @Test("a connection serves one request after the other, and no two at once")
    func reuse() async throws {
        try await withServer(SignedModel().admitted(), limits: Self.limits { _ in }) { client in
            let get = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let socket = try await client.open()
            for _ in 0..<3 {
                let answer = try await Client.blocking { () -> String in
                    socket.send(get)
                    return String(decoding: socket.receive(most: 1), as: UTF8.self)
                }
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                let chat = try await Client.blocking { () -> String in
                    socket.send(Client.post(Self.chat, more: ""))
                    return String(decoding: socket.receive(most: 1), as: UTF8.self)
                }
                #expect(chat.hasPrefix("HTTP/1.1 200"))
            }
            let received = try await client.received(after: get + get)
            let answers = String(decoding: received, as: UTF8.self)
            #expect(answers.components(separatedBy: "HTTP/1.1 200").count == 2)
            #expect(answers.lowercased().contains("connection: close"))
        }
    }

    @Test("the server ends although clients are silent, drip, or wait for a long answer")
    func ending() async throws {
        let limits = Self.limits { $0.answerTokenCount = 4000 }
        let long = Client.post(
            #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 4000}"#)
        let admitted = try await SignedModel().admitted()
        let sockets = SocketBox()
        let start = ContinuousClock.now
        try await withServer(admitted, limits: limits) { client in
            for text in ["", "GET / HT", long, String(Client.post(Self.chat).dropLast())] {
                await sockets.keep(try await client.open(sending: text))
            }
        }
        #expect(ContinuousClock.now - start < .seconds(30))
        await sockets.drop()
    }

    private actor SocketBox {
        private var sockets: [Socket] = []
        func keep(_ socket: Socket) { sockets.append(socket) }
        func drop() { sockets = [] }
    }
}
