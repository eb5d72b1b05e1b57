// SPDX-License-Identifier: Apache-2.0
// A tiny signed model, a server for it on loopback, and a client that speaks through a socket.

import Checkpoints
import Foundation
import Hummingbird
import LanguageModels
import Logging
import ModelRequests
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
    _ admitted: AdmittedModel, access: ServerAccess? = nil,
    limits: ServingLimits = ServingLimits(),
    _ body: @escaping @Sendable (Client) async throws -> Void
) async throws {
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let server = ModelServer(admitted, access: try access ?? ServerAccess(), limits: limits)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    try await withThrowingTaskGroup(of: Void.self) { [logger] group in
        group.addTask { try await server.serve(port: 0, logger: logger) { found.yield($0) } }
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

    /// The value of a metric without labels.
    func metric(_ name: String) -> Double? {
        body.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

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
        try await send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }

    func chat(_ body: String) async throws -> Answer { try await send(Self.post(body)) }

    /// The text of a POST, whose header fields can be replaced.
    static func post(
        _ body: String, host: String = "localhost", type: String = "application/json",
        more: String = "Connection: close\r\n"
    ) -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nHost: \(host)\r\n\(more)Content-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Sends a request and reads until the server closes.
    func send(_ request: String) async throws -> Answer {
        try await Self.parse(received(after: request))
    }

    /// Sends a request and hangs up once so many bytes were received.
    func received(after request: String, hangingUpAfter most: Int = .max) async throws -> [UInt8] {
        let port = port
        return try await Self.blocking {
            let socket = try Socket(port: port)
            // A server that refuses early may close before it has all.
            socket.send(request)
            return socket.receive(most: most)
        }
    }

    /// Opens a connection and sends a part of a request on it.
    func open(sending text: String = "") async throws -> Socket {
        let port = port
        return try await Self.blocking {
            let socket = try Socket(port: port)
            socket.send(text)
            return socket
        }
    }

    /// Runs what blocks apart from the few threads that the server's own tasks need.
    static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// What was received, as an answer.
    static func parse(_ bytes: [UInt8]) throws -> Answer {
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

/// A connection to a server on loopback. It is closed with its last copy.
final class Socket: Sendable {
    private let descriptor: CInt

    init(port: Int) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
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
    }

    deinit { close(descriptor) }

    /// Sends a text. Returns whether the connection took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Foundation.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }

    /// Receives until the server closes, or so many bytes are there, or nothing came for a minute.
    func receive(most: Int = .max) -> [UInt8] {
        var received: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while received.count < most {
            let count = recv(descriptor, &block, block.count, 0)
            if count <= 0 { break }
            received += block[..<count]
        }
        return received
    }

    /// Waits until the server closes the connection.
    ///
    /// - Returns: The seconds that it took; nil if it stayed open for a minute.
    func secondsUntilClosed() -> Double? {
        let start = ContinuousClock.now
        _ = receive()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return seconds < 55 ? seconds : nil
    }
}
