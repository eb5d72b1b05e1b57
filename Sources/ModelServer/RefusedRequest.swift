// SPDX-License-Identifier: Apache-2.0
// Answers to refused requests, in the form of OpenAI's errors.

import Foundation
import Hummingbird

/// A request that is refused.
struct RefusedRequest: Error, HTTPResponseError {
    let status: HTTPResponse.Status
    let message: String
    let code: String
    /// The number of seconds after which to try again.
    var retryAfter: Int?

    static func invalid(_ message: String) -> RefusedRequest {
        RefusedRequest(status: .badRequest, message: message, code: "invalid_request")
    }

    static func unavailable(_ message: String) -> RefusedRequest {
        RefusedRequest(
            status: .serviceUnavailable, message: message, code: "unavailable", retryAfter: 5)
    }

    private struct Body: Encodable {
        struct Inner: Encodable {
            let message: String
            let type: String
            let code: String
        }

        let error: Inner
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let isClients = status.kind == .clientError
        let body = Body(
            error: .init(
                message: message, type: isClients ? "invalid_request_error" : "server_error",
                code: code))
        var response = try JSONBody.response(body, status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        return response
    }
}

/// JSON in the form of responses.
enum JSONBody {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let text = try text(value)
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: .init(string: text)))
    }
}
