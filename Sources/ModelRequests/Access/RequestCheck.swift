// SPDX-License-Identifier: Apache-2.0
// What every request passes: how often its client asks, who asks, and in which form.

package import HTTPTypes

/// The check of a request's head.
package struct RequestCheck: Sendable {
    private let access: ClientAccess
    private let limiter: RateLimiter

    /// Makes a check.
    package init(_ access: ClientAccess, _ limits: ServingLimits) {
        self.access = access
        limiter = RateLimiter(perMinute: limits.requestsPerMinute, burst: limits.burst)
    }

    /// Checks a request before its body is looked at.
    ///
    /// - Parameters:
    ///   - request: The request's head.
    ///   - client: The client's address.
    /// - Throws: A ``RefusedRequest``.
    package func callAsFunction(_ request: HTTPRequest, from client: String) throws(RefusedRequest)
    {
        // The rate comes first, so that it also bounds guesses of the token.
        if request.method == .post, let seconds = limiter.take(for: client) {
            throw RefusedRequest(
                status: .tooManyRequests, message: "too many requests",
                code: "rate_limit_exceeded", retryAfter: seconds)
        }
        try access.check(
            authority: request.authority, origin: request.headerFields[.origin],
            authorization: request.headerFields[.authorization],
            isOpen: request.method == .get && request.pathWithoutQuery == "/health")
        guard request.method == .post else { return }
        let type = request.headerFields[.contentType]?.split(separator: ";").first
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
