// SPDX-License-Identifier: Apache-2.0
// A tiny signed model, a server for it on loopback, and a client that speaks through a socket.

import Checkpoints
import Foundation
import Hummingbird
import LanguageModels
import Logging
import ModelWriting
import Provenance
import Synchronization
import TemperFixtures
import Testing

@testable import ModelServer

/// A tiny model on disk with its signature; it never ends an answer by itself.
struct SignedModel {
    let directory: TemporaryDirectory
    let key = SigningKey.generate(.p256)
    var url: URL { directory.url.appendingPathComponent("tiny") }
    var weights: URL { url.appendingPathComponent("model.safetensors") }

    init(seed: UInt64 = 7, extra: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        let tiny = try tinyModel(seed: seed, contextLength: 4096)
        let endless = try LanguageModel(
            name: "tiny", configuration: tiny.configuration, weights: tiny.weights,
            tokenizer: tiny.tokenizer, chatTemplate: tiny.chatTemplate)
        try endless.write(to: url, adding: extra.mapValues { Data($0.utf8) })
        let file = ModelSignature.location(of: url)
        try ModelSignature.sign(url, key: key, for: file).bundle.write(to: file)
    }

    func verified() async throws -> VerifiedModel {
        let bundle = try SignatureBundle(contentsOf: ModelSignature.location(of: url))
        return try await ModelSignature.verify(
            url, bundle: bundle, trust: Trust(keys: [key.publicKey]))
    }

    func admitted() async throws -> AdmittedModel {
        try await AdmittedModel(verified(), at: url)
    }
}

/// Serves a model on a free port of loopback while `body` runs.
func withServer(
    _ admitted: AdmittedModel, limits: ServingLimits = ServingLimits(),
    _ body: @escaping @Sendable (Client) async throws -> Void
) async throws {
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let server = ModelServer(admitted, limits: limits)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let application = server.application(port: 0, logger: logger) { found.yield($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(Client(port: port))
        group.cancelAll()
    }
}

/// What a server answered.
struct Answer: Sendable {
    let status: Int
    let head: String
    let body: String

    /// The body as JSON.
    func json() throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }

    /// The answer's text, whole or from its pieces.
    func content() throws -> String {
        guard body.hasPrefix("data: ") else {
            let choices = try #require(try json()["choices"] as? [[String: Any]])
            let message = try #require(choices.first?["message"] as? [String: Any])
            return try #require(message["content"] as? String)
        }
        return try body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: {") }
            .map { event in
                let data = Data(event.dropFirst(6).utf8)
                let piece = try #require(
                    try JSONSerialization.jsonObject(with: data) as? [String: Any])
                let choices = try #require(piece["choices"] as? [[String: Any]])
                let delta = try #require(choices.first?["delta"] as? [String: Any])
                return delta["content"] as? String ?? ""
            }.joined()
    }
}

/// A client that opens a connection for each request.
struct Client: Sendable {
    let port: Int

    func get(_ path: String) async throws -> Answer {
        try await send("GET \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
    }

    func chat(_ body: String) async throws -> Answer { try await send(Self.post(body)) }

    static func post(_ body: String) -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Sends a request and reads until the server closes.
    func send(_ request: String) async throws -> Answer {
        try await Self.parse(received(after: request))
    }

    /// Sends a request and hangs up once so many bytes were received.
    func received(after request: String, hangingUpAfter most: Int = .max) async throws -> [UInt8] {
        let port = port
        // Not on the few threads that the server's own tasks need.
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try Self.exchange(request, port: port, reading: most) })
            }
        }
    }

    private static func exchange(_ request: String, port: Int, reading most: Int) throws -> [UInt8]
    {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        let text = Array(request.utf8)
        // A server that refuses early may close before it has all.
        _ = Foundation.send(descriptor, text, text.count, CInt(MSG_NOSIGNAL))
        var received: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while received.count < most {
            let count = recv(descriptor, &block, block.count, 0)
            if count <= 0 { break }
            received += block[..<count]
        }
        return received
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let head = parts[0]
        let status = try #require(
            head.split(separator: " ").dropFirst().first.flatMap { Int($0) }, "\(head)")
        var body = parts.dropFirst().joined(separator: "\r\n\r\n")
        if head.lowercased().contains("transfer-encoding: chunked") {
            body = try unchunked(Array(body.utf8))
        }
        return Answer(status: status, head: head, body: body)
    }

    private static func unchunked(_ bytes: [UInt8]) throws -> String {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13) {
            let digits = String(decoding: rest[..<end], as: UTF8.self)
            guard let size = Int(digits, radix: 16), size > 0 else { break }
            body += rest.dropFirst(end - rest.startIndex + 2).prefix(size)
            rest = rest.dropFirst(end - rest.startIndex + 2 + size + 2)
        }
        return String(decoding: body, as: UTF8.self)
    }
}
