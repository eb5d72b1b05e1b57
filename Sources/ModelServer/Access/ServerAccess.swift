// SPDX-License-Identifier: Apache-2.0
// Who may ask a server: the names under which it is reached, a token, and certificates for TLS.

public import Foundation
import Hummingbird
import JSONText
public import ModelRequests
import NIOCore
import NIOSSL

/// Who may reach a server, and how.
public struct ServerAccess: Sendable {
    /// The address to listen at.
    public let host: String
    let clients: ClientAccess
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
        clients = ClientAccess(names: names + [host], token: token)
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
