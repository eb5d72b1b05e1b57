// SPDX-License-Identifier: Apache-2.0
// What every request passes: who asks, how often, and in which form refusals are answered.

import Hummingbird
import ModelRequests
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
    let check: RequestCheck
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServingContext,
        next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            try check(request.head, from: context.client)
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
