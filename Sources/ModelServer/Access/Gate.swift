// SPDX-License-Identifier: Apache-2.0
// What every request passes: who asks, how often, and in which form refusals are answered.

import Hummingbird
import NIOCore

/// The properties of a request's connection.
struct ServingContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection's channel.
    let channel: any Channel
    /// The address of the client.
    var client: String { channel.remoteAddress?.ipAddress ?? "local" }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Checks every request, counts its answer, and gives all refusals the same form.
struct Gate: RouterMiddleware {
    let access: ServerAccess
    let metrics: ServerMetrics
    let limiter: RateLimiter

    func handle(
        _ request: Request, context: ServingContext,
        next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            try check(request, from: context.client)
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

    private func check(_ request: Request, from client: String) throws(RefusedRequest) {
        // The rate comes first, so that it also bounds guesses of the token.
        if request.method == .post, let seconds = limiter.take(for: client) {
            throw RefusedRequest(
                status: .tooManyRequests, message: "too many requests",
                code: "rate_limit_exceeded", retryAfter: seconds)
        }
        try access.check(
            authority: request.head.authority, origin: request.headers[.origin],
            authorization: request.headers[.authorization],
            isOpen: request.method == .get && request.uri.path == "/health")
        guard request.method == .post else { return }
        let type = request.headers[.contentType]?.split(separator: ";").first
        let name = type?.lowercased().filter { !$0.isWhitespace }
        // A web page may send other types to foreign servers without asking first.
        guard name == "application/json" else {
            throw RefusedRequest(
                status: .unsupportedMediaType,
                message: "the Content-Type must be application/json",
                code: "unsupported_media_type", parameter: "Content-Type")
        }
    }
}
