// SPDX-License-Identifier: Apache-2.0
// Who may ask: names of the server, web pages, content types, tokens, and addresses.

import Foundation
import Hummingbird
import JSONText
import TemperFixtures
import Testing

@testable import ModelRequests
@testable import ModelServer

@Suite("Access to the server", .serialized, .timeLimit(.minutes(5)))
struct AccessTests {
    private static let chat =
        #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 2}"#
    private static let token = "0123456789abcdef"

    private static func status(
        _ access: ServerAccess, host: String?, origin: String? = nil, token: String? = nil
    ) -> Int {
        do {
            try access.clients.check(
                authority: host, origin: origin, authorization: token, isOpen: false)
            return 200
        } catch {
            return error.status.code
        }
    }

    @Test("the host must be one of the server's names, or an address")
    func hosts() throws {
        let access = try ServerAccess(names: ["Models.Example"])
        for host in [
            "localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]",
            "[::1]:8080", "192.168.1.7:80", "models.example", "models.example:443",
        ] {
            #expect(Self.status(access, host: host) == 200, "\(host)")
        }
        for host in [
            "attacker.example", "attacker.example:8080", "localhost.attacker.example",
            "127.0.0.1.attacker.example", "localhost:8080.attacker.example", "localhost@attacker",
            "[::1", "[::1].attacker.example", "models.example.", "1.2.3", "0x7f.1",
        ] {
            #expect(Self.status(access, host: host) == 403, "\(host)")
        }
        for host in [nil, ""] { #expect(Self.status(access, host: host) == 400) }
    }

    @Test("a request of a web page is refused, whatever page it is")
    func origins() throws {
        let access = try ServerAccess()
        for origin in ["https://attacker.example", "null", "http://localhost:8080", ""] {
            #expect(Self.status(access, host: "localhost", origin: origin) == 403)
        }
    }

    @Test("a request needs the token, and nothing else will do")
    func tokens() throws {
        let access = try ServerAccess(token: BearerToken(Self.token))
        for good in ["Bearer \(Self.token)", "bearer  \(Self.token) "] {
            #expect(Self.status(access, host: "localhost", token: good) == 200, "\(good)")
        }
        for bad in [
            nil, "", "Bearer", "Bearer ", Self.token, "Basic \(Self.token)",
            "Bearer \(Self.token)0", "Bearer \(Self.token.dropLast())", "Bearer \(Self.token) x",
        ] {
            #expect(Self.status(access, host: "localhost", token: bad) == 401, "\(bad ?? "nil")")
        }
    }

    @Test("others than this machine may ask only with a token")
    func addresses() throws {
        for host in ["127.0.0.1", "127.1.2.3", "localhost", "::1"] {
            #expect(try ServerAccess(host: host).host == host)
        }
        for host in ["0.0.0.0", "::", "192.168.1.7", "models.example", "127.0.0.1.example"] {
            #expect(throws: InputError.self, "\(host)") { try ServerAccess(host: host) }
            #expect(try ServerAccess(host: host, token: BearerToken(Self.token)).host == host)
        }
    }

    @Test("a file of a token holds one token, long enough and of visible characters")
    func files() throws {
        let directory = try TemporaryDirectory()
        let file = directory.url.appendingPathComponent("token")
        #expect(throws: InputError.self) { try BearerToken(contentsOf: file) }
        for bad in ["", "short", "two words are no token", "a\n0123456789abcdef", "ünïcödéünïcödé"]
        {
            try directory.write(bad, to: "token")
            #expect(throws: InputError.self, "\(bad)") { try BearerToken(contentsOf: file) }
        }
        try directory.write(" \(Self.token)\n", to: "token")
        #expect(try BearerToken(contentsOf: file).isIn("Bearer \(Self.token)"))
    }

    @Test("certificates that cannot be used are refused with the file's name")
    func certificates() throws {
        let directory = try TemporaryDirectory()
        let file = directory.url.appendingPathComponent("tls.pem")
        let one = #expect(throws: InputError.self) { try ServerAccess(certificate: file) }
        #expect(one?.problem.contains("needed together") == true)
        for text in [nil, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            if let text { try directory.write(text, to: "tls.pem") }
            let both = #expect(throws: InputError.self) {
                try ServerAccess(certificate: file, key: file)
            }
            #expect(both?.place.hasSuffix("tls.pem") == true)
        }
    }

    private static let bearer = "Connection: close\r\nAuthorization: Bearer \(token)\r\n"

    private static func status(
        _ client: Client, host: String = "localhost", type: String = "application/json",
        more: String = bearer
    ) async throws -> Int {
        try await client.send(Client.post(chat, host: host, type: type, more: more)).status
    }

    @Test("a served model checks host, origin, type and token; its health needs no token")
    func served() async throws {
        let access = try ServerAccess(token: BearerToken(Self.token))
        let foreign = Self.bearer + "Origin: https://attacker.example\r\n"
        try await withServer(SignedModel().admitted(), access: access) { client in
            let status = try await Self.status(client)
            #expect(status == 200)
            #expect(try await Self.status(client, type: "application/json; charset=utf-8") == 200)
            #expect(try await Self.status(client, host: "attacker.example") == 403)
            #expect(try await Self.status(client, more: foreign) == 403)
            for type in ["text/plain", "multipart/form-data; boundary=x", "", "application/jsonp"] {
                #expect(try await Self.status(client, type: type) == 415, "\(type)")
            }
            #expect(try await Self.status(client, more: "Connection: close\r\n") == 401)
            #expect(try await client.get("/v1/models").status == 401)
            #expect(try await client.get("/metrics").status == 401)
            #expect(try await client.get("/health").status == 200)
        }
    }
}
