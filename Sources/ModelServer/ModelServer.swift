// SPDX-License-Identifier: Apache-2.0
// An OpenAI-compatible chat endpoint for one verified model.

import Foundation
import Hummingbird
import HummingbirdCore
import LanguageModels
public import Logging
import NIOCore
import Provenance

/// Serves one model over HTTP/1.1.
public struct ModelServer: Sendable {
    private let admitted: AdmittedModel
    private let limits: ServingLimits
    private let metrics = ServerMetrics()
    private let queue: DecodingQueue
    private let limiter: RateLimiter

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - admitted: The verified model.
    ///   - limits: The limits of the server.
    public init(_ admitted: AdmittedModel, limits: ServingLimits = ServingLimits()) {
        self.admitted = admitted
        self.limits = limits
        queue = DecodingQueue(admitted, limits: limits, metrics: metrics)
        limiter = RateLimiter(perMinute: limits.requestsPerMinute, burst: limits.burst)
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT) or the task is cancelled. Requests
    /// in progress are answered first.
    ///
    /// - Parameters:
    ///   - host: The address to listen on.
    ///   - port: The port; 0 takes a free one.
    ///   - logger: The logger of events. Conversations are never logged.
    ///   - onRunning: Called with the port when the server listens.
    /// - Throws: An error when the server cannot listen on the port.
    public func run(
        host: String = "127.0.0.1", port: Int, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let application = application(
            host: host, port: port, logger: logger, onRunning: onRunning)
        defer { queue.close() }
        try await application.runService()
    }

    /// Returns the server as a service.
    func application(
        host: String = "127.0.0.1", port: Int, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(Int64(limits.idleSeconds)))),
            configuration: .init(
                address: .hostname(host, port: port), serverName: "temper",
                availableConnectionsDelegate: .maximum(
                    limits.connectionCount, logger: logger)),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    private func router() -> Router<ServingContext> {
        let router = Router(context: ServingContext.self)
        router.add(middleware: Gate(metrics: metrics, limiter: limiter))
        router.get("health") { _, _ in try health() }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(
                    byteBuffer: .init(
                        string: metrics.text(
                            model: admitted.model.name, root: admitted.verified.root))))
        }
        router.get("v1/models") { _, _ in
            try JSONBody.response(
                ModelList(data: [ModelList.Entry(id: admitted.model.name)]))
        }
        let chat = ChatRoute(
            model: admitted.model, limits: limits, queue: queue, metrics: metrics)
        router.post("v1/chat/completions") { request, _ in
            if let problem = metrics.problem { throw RefusedRequest.unavailable(problem) }
            return try await chat.answer(request)
        }
        return router
    }

    private func health() throws -> Response {
        struct Health: Encodable {
            let status: String
            let model: String
            let root: String
            let signer: String
        }
        let problem = metrics.problem
        return try JSONBody.response(
            Health(
                status: problem ?? "ok", model: admitted.model.name, root: admitted.verified.root,
                signer: "\(admitted.verified.signer)"),
            status: problem == nil ? .ok : .serviceUnavailable)
    }

    private struct ModelList: Encodable {
        struct Entry: Encodable {
            let id: String
            let object = "model"
            let created = 0
            let owned_by = "temper"

            private enum CodingKeys: String, CodingKey { case id, object, created, owned_by }
        }

        let object = "list"
        let data: [Entry]

        private enum CodingKeys: String, CodingKey { case object, data }
    }
}

/// The properties of a request's connection.
struct ServingContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address of the client.
    let client: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        client = source.channel.remoteAddress?.ipAddress ?? "local"
    }
}

/// Counts every request, limits the rate of each client, and gives all refusals the same form.
private struct Gate: RouterMiddleware {
    let metrics: ServerMetrics
    let limiter: RateLimiter

    func handle(
        _ request: Request, context: ServingContext,
        next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            if request.method == .post, let seconds = limiter.take(for: context.client) {
                throw RefusedRequest(
                    status: .tooManyRequests, message: "too many requests",
                    code: "rate_limit_exceeded", retryAfter: seconds)
            }
            response = try await next(request, context)
        } catch let refusal as RefusedRequest {
            response = try refusal.response(from: request, context: context)
        } catch let error as HTTPError {
            response = try RefusedRequest(
                status: error.status, message: error.body ?? error.status.reasonPhrase,
                code: "http_error"
            ).response(from: request, context: context)
        }
        metrics.count(response: response.status.code)
        return response
    }
}
