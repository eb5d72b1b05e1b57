// SPDX-License-Identifier: Apache-2.0
// Who may ask a server: the names under which it is reached, and a token.

import Foundation
import HTTPTypes

/// What clients must know of a server: one of its names, and its token if there is one.
package struct ClientAccess: Sendable {
    /// The names, in lower case.
    private let names: Set<String>
    private let token: BearerToken?

    /// Describes the access to a server.
    ///
    /// - Parameters:
    ///   - names: Names under which clients reach the server, besides `localhost` and addresses of
    ///     numbers.
    ///   - token: The secret that requests must carry, if any.
    package init(names: [String], token: BearerToken?) {
        self.names = Set((names + ["localhost"]).map { $0.lowercased() })
        self.token = token
    }

    /// Checks who asks.
    ///
    /// - Parameters:
    ///   - authority: The host, and perhaps the port, that the client addresses.
    ///   - origin: The web page that asks, if one does.
    ///   - authorization: The credentials of the request.
    ///   - isOpen: Whether the request needs no token.
    /// - Throws: A ``RefusedRequest``.
    package func check(
        authority: String?, origin: String?, authorization: String?, isOpen: Bool
    ) throws(RefusedRequest) {
        guard let authority, !authority.isEmpty else {
            throw .invalid("the request has no Host", parameter: "Host")
        }
        // A page whose own name was turned to this address (DNS rebinding) is found by its name.
        guard isOwn(authority) else {
            throw .forbidden(
                "the host \"\(authority.prefix(100))\" is not one of this server's: "
                    + "address it by number or as localhost, or start it with --allow-host",
                code: "forbidden_host")
        }
        guard origin == nil else {
            throw .forbidden(
                "requests of web pages are not answered", code: "forbidden_origin")
        }
        guard let token, !isOpen else { return }
        guard let authorization, token.isIn(authorization) else {
            throw RefusedRequest(
                status: .unauthorized, message: "the request needs the server's bearer token",
                code: "invalid_api_key")
        }
    }

    private func isOwn(_ authority: String) -> Bool {
        guard let host = Self.host(of: authority.lowercased()) else { return false }
        return names.contains(host) || Self.isAddress(host)
    }

    /// Returns the host of `host:port`, without the brackets of an IPv6 address.
    private static func host(of authority: String) -> String? {
        let end: String.Index
        let host: Substring
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            end = authority.index(after: close)
        } else {
            end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<end]
        }
        let port = authority[end...]
        guard port.isEmpty || (port.first == ":" && port.dropFirst().allSatisfy(\.isNumber)) else {
            return nil
        }
        return String(host)
    }

    /// Returns whether a host is an address and no name.
    private static func isAddress(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }
}
