// SPDX-License-Identifier: Apache-2.0
// Answers to refused requests, in the form of OpenAI's errors.

import Foundation
package import HTTPTypes

/// A request that is refused.
package struct RefusedRequest: Error {
    package let status: HTTPResponse.Status
    package let message: String
    package let code: String
    /// The field of the request that is wrong, such as `messages[0].role`.
    package var parameter: String?
    /// The number of seconds after which to try again.
    package var retryAfter: Int?

    package init(
        status: HTTPResponse.Status, message: String, code: String, parameter: String? = nil,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.message = message
        self.code = code
        self.parameter = parameter
        self.retryAfter = retryAfter
    }

    package static func invalid(_ message: String, parameter: String? = nil) -> RefusedRequest {
        RefusedRequest(
            status: .badRequest, message: message, code: "invalid_request", parameter: parameter)
    }

    package static func unavailable(_ message: String) -> RefusedRequest {
        RefusedRequest(
            status: .serviceUnavailable, message: message, code: "unavailable", retryAfter: 5)
    }

    package static func forbidden(_ message: String, code: String) -> RefusedRequest {
        RefusedRequest(status: .forbidden, message: message, code: code)
    }

    package static func unknownModel(_ name: String, served: String) -> RefusedRequest {
        RefusedRequest(
            status: .notFound,
            message: "the model \"\(name.prefix(100))\" is not served here, nor an adapter of that "
                + "name; \(served) is",
            code: "model_not_found", parameter: "model")
    }

    package static func tooLarge(_ limits: ServingLimits) -> RefusedRequest {
        RefusedRequest(
            status: .contentTooLarge,
            message: "the body has more than \(limits.bodyByteCount) bytes",
            code: "request_too_large")
    }

    private struct Body: Encodable {
        struct Inner: Encodable {
            let message: String
            let type: String
            let param: String?
            let code: String

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(message, forKey: .message)
                try container.encode(type, forKey: .type)
                // Clients expect the key even if it is null.
                try container.encode(param, forKey: .param)
                try container.encode(code, forKey: .code)
            }

            private enum CodingKeys: String, CodingKey { case message, type, param, code }
        }

        let error: Inner
    }

    /// The answer's body.
    package var json: String {
        let isClients = status.kind == .clientError
        let body = Body(
            error: .init(
                message: message, type: isClients ? "invalid_request_error" : "server_error",
                param: parameter, code: code))
        return (try? JSONBody.text(body)) ?? "{}"
    }

    /// The answer's header fields.
    package var headers: HTTPFields {
        var headers: HTTPFields = [.contentType: JSONBody.type]
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return headers
    }
}

/// JSON in the form of responses.
package enum JSONBody {
    package static let type = "application/json; charset=utf-8"

    package static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
