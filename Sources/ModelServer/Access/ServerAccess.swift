// SPDX-License-Identifier: Apache-2.0
// Who may ask a server: the names under which it is reached, a token, and certificates for TLS.

import Crypto
public import Foundation
import Hummingbird
import JSONText
import NIOCore
import NIOSSL

/// Who may reach a server, and how.
public struct ServerAccess: Sendable {
    /// The address to listen at.
    public let host: String
    /// The names, in lower case, under which clients reach the server.
    private let names: Set<String>
    private let token: BearerToken?
    let tls: TLSConfiguration?

    /// How many seconds a client may take to agree to the end of a TLS connection.
    private static let closingSeconds = 1

    /// How many seconds it takes at most to close all connections.
    var secondsToClose: Int { usesTLS ? Self.closingSeconds : 0 }

    /// Whether clients must use TLS.
    public var usesTLS: Bool { tls != nil }

    /// Describes the access to a server.
    ///
    /// - Parameters:
    ///   - host: The address to listen at.
    ///   - names: Names under which clients reach the server, besides `host`, `localhost` and
    ///     addresses of numbers.
    ///   - token: The secret that requests must carry, if any.
    ///   - certificate: A PEM file with the server's certificate and the chain that it needs.
    ///   - key: A PEM file with the certificate's private key.
    /// - Throws: `InputError` when the address is not loopback and there is no token, only one of
    ///   certificate and key is given, or a file cannot be read.
    public init(
        host: String = "127.0.0.1", names: [String] = [], token: BearerToken? = nil,
        certificate: URL? = nil, key: URL? = nil
    ) throws {
        guard Self.isLoopback(host) || token != nil else {
            throw InputError(
                "--host \(host)", "lets other machines ask, and they need a token",
                remedy: "give one with --token-file, or listen at 127.0.0.1")
        }
        self.host = host
        self.names = Set((names + [host, "localhost"]).map { $0.lowercased() })
        self.token = token
        switch (certificate, key) {
        case (nil, nil): tls = nil
        case (let certificate?, let key?):
            tls = try Self.configuration(certificate: certificate, key: key)
        default:
            throw InputError(
                "--tls-certificate and --tls-key", "are needed together", remedy: "give both")
        }
    }

    /// Returns whether only this machine reaches an address.
    ///
    /// - Parameter host: An address or name.
    /// - Returns: Whether it is loopback.
    static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
        return host.lowercased() == "localhost" || host == "::1" || (isIPv4 && parts[0] == "127")
    }

    private static func configuration(certificate: URL, key: URL) throws -> TLSConfiguration {
        let certificates = try read(certificate, "certificate") {
            try NIOSSLCertificate.fromPEMFile($0)
        }
        let privateKey = try read(key, "private key without a password") {
            try NIOSSLPrivateKey(file: $0, format: .pem)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(Int64(closingSeconds))
        do {
            // Finds a key that is not the certificate's before anything is loaded.
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw InputError(
                key.path(percentEncoded: false),
                "is not the key of \(certificate.path(percentEncoded: false))",
                remedy: "give the certificate's own key")
        }
        return configuration
    }

    private static func read<Value>(
        _ file: URL, _ kind: String, _ body: (String) throws -> Value
    ) throws -> Value {
        do {
            return try body(file.path(percentEncoded: false))
        } catch {
            throw InputError(
                file.path(percentEncoded: false), "holds no \(kind) in PEM",
                remedy: "check the path, and that you may read it")
        }
    }
}

// MARK: - Requests

extension ServerAccess {
    /// Checks who asks.
    ///
    /// - Parameters:
    ///   - authority: The host, and perhaps the port, that the client addresses.
    ///   - origin: The web page that asks, if one does.
    ///   - authorization: The credentials of the request.
    ///   - isOpen: Whether the request needs no token.
    /// - Throws: A ``RefusedRequest``.
    func check(
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

/// The secret of a server's clients.
public struct BearerToken: Sendable {
    private static let shortest = 16
    private static let longest = 4096

    /// Only the digest is compared, and so in a time that does not depend on the token.
    private let digest: SHA256Digest

    /// Reads a token from a file that holds nothing else but space around it.
    ///
    /// - Parameter file: The file.
    /// - Throws: `InputError` when it cannot be read, or the token is shorter than 16 characters,
    ///   longer than 4096, or has other characters than visible ASCII.
    public init(contentsOf file: URL) throws {
        let path = file.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: file) else {
            throw InputError(
                path, "cannot be read", remedy: "check the path, and that you may read it")
        }
        let text = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard (Self.shortest...Self.longest).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw InputError(
                path,
                "is not a token of \(Self.shortest) to \(Self.longest) visible ASCII characters",
                remedy: "make one with: openssl rand -hex 32")
        }
        self.init(text)
    }

    init(_ text: String) { digest = SHA256.hash(data: Data(text.utf8)) }

    /// Returns whether the value of an Authorization field holds the token.
    func isIn(_ authorization: String) -> Bool {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let given = parts[1].trimmingCharacters(in: .whitespaces)
        return SHA256.hash(data: Data(given.utf8)) == digest
    }
}
