// SPDX-License-Identifier: Apache-2.0
// Sends requests to a chat endpoint, with bounded retries and time-outs.

internal import AsyncHTTPClient
internal import Foundation
internal import JSONText
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1

/// Sends requests to one endpoint.
///
/// It blocks the calling thread, as the rest of an audit's work does. The network library's own
/// threads wait, so that no thread pool is exhausted.
final class ChatClient: Sendable {
    private let endpoint: ChatEndpoint
    private let key: String?
    private let client: HTTPClient
    /// The longest reply; a reply of a few tokens is far shorter.
    private static let largestReply = 1 << 20

    /// Makes a client.
    ///
    /// - Throws: `InputError` when the variable that should hold the key is not set.
    init(
        _ endpoint: ChatEndpoint,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(InputError) {
        self.endpoint = endpoint
        key = try endpoint.key(in: environment)
        var configuration = HTTPClient.Configuration()
        // A redirection would send prompts and key to another host than the user named.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        // Tries are counted by this client.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { try? client.syncShutdown() }

    private enum Answer {
        case reply(ChatReply)
        /// A failure to be retried, after this many seconds if the endpoint states it.
        case failure(String, wait: Double?)
    }

    /// Returns the replies to requests, in the order of the requests.
    ///
    /// - Throws: `InputError` when a reply cannot be had; `CancellationError`.
    func replies(to requests: [ChatRequest]) throws -> [ChatReply] {
        var replies = [ChatReply?](repeating: nil, count: requests.count)
        var waiting = Array(requests.indices)
        var tries = [Int](repeating: 0, count: requests.count)
        while !waiting.isEmpty {
            try Task.checkCancellation()
            let batch = waiting.prefix(endpoint.concurrency)
            waiting.removeFirst(batch.count)
            // All replies are awaited before any error is thrown.
            let sent = try batch.map { try send(requests[$0]) }
            let results = sent.map { future in Result { try future.wait() } }
            var again: [Int] = []
            var delay = 0.0
            for (index, result) in zip(batch, results) {
                switch try answer(from: result) {
                case .reply(let reply): replies[index] = reply
                case .failure(let problem, let wait):
                    tries[index] += 1
                    again.append(index)
                    delay = max(
                        delay, try self.delay(after: tries[index], asked: wait, problem: problem))
                }
            }
            waiting = again + waiting
            if delay > 0 { Thread.sleep(forTimeInterval: delay) }
        }
        return replies.compactMap(\.self)
    }

    private func send(_ request: ChatRequest) throws -> EventLoopFuture<HTTPClient.Response> {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers = HTTPHeaders([("Content-Type", "application/json")])
        if let key { headers.add(name: "Authorization", value: "Bearer \(key)") }
        let request = try HTTPClient.Request(
            url: endpoint.url.absoluteString, method: .POST, headers: headers,
            body: .data(encoder.encode(request)))
        let collector = ResponseAccumulator(request: request, maxBodySize: Self.largestReply)
        let limit = TimeAmount.milliseconds(Int64(endpoint.timeout * 1_000))
        return client.execute(request: request, delegate: collector, deadline: .now() + limit)
            .futureResult
    }

    private func answer(from result: Result<HTTPClient.Response, any Error>) throws -> Answer {
        let response: HTTPClient.Response
        switch result {
        case .success(let value): response = value
        case .failure(let error as HTTPClientError) where error == .cancelled:
            throw CancellationError()
        case .failure(is ResponseAccumulator.ResponseTooBigError):
            throw failure("the reply is larger than a mebibyte", remedy: "check the address")
        case .failure(let error as HTTPClientError)
        where [.deadlineExceeded, .connectTimeout, .readTimeout].contains(error):
            return .failure("it did not answer within \(endpoint.timeout) s", wait: nil)
        case .failure(let error):
            return .failure("it cannot be reached: \(redacted("\(error)"))", wait: nil)
        }
        let body = Data(buffer: response.body ?? ByteBuffer())
        let status = Int(response.status.code)
        switch status {
        case 200..<300:
            guard let reply = try? JSONDecoder().decode(ChatReply.self, from: body),
                reply.hasChoice
            else { throw failure("the reply is no chat completion", remedy: "check the address") }
            return .reply(reply)
        case 408, 409, 425, 429, 500...:
            return .failure(
                "it answered with status \(status)",
                wait: retryDelay(response.headers.first(name: "Retry-After")))
        case 401, 403:
            throw failure(
                "it refuses the request (status \(status))",
                remedy: endpoint.keyVariable.map { "check the key in \($0)" }
                    ?? "name the variable of a key with key=VARIABLE")
        case 300..<400:
            throw failure(
                "it redirects elsewhere (status \(status))", remedy: "name the final address")
        default:
            let message = String(decoding: body, as: UTF8.self)
            throw failure(
                "it answered with status \(status): \(redacted(message))",
                remedy: "check address and model")
        }
    }

    /// Returns the seconds to wait before another try.
    ///
    /// - Throws: `InputError` after the last try, or when the endpoint asks for too long a wait.
    private func delay(after tries: Int, asked: Double?, problem: String) throws -> Double {
        let remedy = "run the same command again later; an audit keeps what it has measured"
        guard tries < endpoint.attempts else {
            throw failure("gave up after \(tries) tries: \(problem)", remedy: remedy)
        }
        if let asked, asked > endpoint.longestDelay {
            throw failure(
                "\(problem) and asks to wait for \(asked.rounded()) s", remedy: remedy)
        }
        let backoff = endpoint.firstDelay * pow(2, Double(tries - 1))
        return max(asked ?? 0, min(backoff, endpoint.longestDelay))
    }

    private func failure(_ problem: String, remedy: String) -> InputError {
        InputError(endpoint.url.host() ?? "", problem, remedy: remedy)
    }

    /// Returns the start of an untrusted text on one line, without the key.
    private func redacted(_ text: String) -> String {
        let safe = key.map { text.replacing($0, with: "[key]") } ?? text
        return String(safe.prefix(200).map { $0.isNewline ? " " : $0 })
    }
}
