// SPDX-License-Identifier: Apache-2.0
// The address of an OpenAI-compatible endpoint, with retries and time-outs.

public import Foundation
public import JSONText

/// An OpenAI-compatible chat endpoint.
public struct ChatEndpoint: Sendable, Hashable {
    /// The full address, which ends in `/chat/completions`.
    public let url: URL
    /// The model's name at the endpoint.
    public let model: String
    /// The environment variable that holds the key; nil sends none.
    public var keyVariable: String?
    /// Dollars for a million input tokens.
    public var inputPrice: Double?
    /// Dollars for a million output tokens.
    public var outputPrice: Double?
    /// The number of tokens after which a reply is cut.
    public var replyTokens = 8
    /// The number of tries for one request.
    public var attempts = 5
    /// The time-out of one try in seconds, from the connection to the reply's last byte.
    public var timeout = 60.0
    /// The wait before the second try in seconds. It is doubled before each further one.
    public var firstDelay = 1.0
    /// The longest wait in seconds, even if the endpoint asks for a longer one by `Retry-After`.
    public var longestDelay = 120.0
    /// The number of concurrent requests.
    public var concurrency = 4

    /// Makes an endpoint.
    ///
    /// - Parameters:
    ///   - address: A base such as `https://host/v1`, or the full address.
    ///   - model: The model's name.
    ///   - allowsPlainText: Whether `http:` is allowed for other machines than this one.
    /// - Throws: `InputError` for an address that cannot or should not be used.
    public init(
        address: String, model: String, allowsPlainText: Bool = false
    ) throws(InputError) {
        guard var parts = URLComponents(string: address), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty, ["http", "https"].contains(scheme)
        else {
            throw InputError(
                "endpoint", "the address is not of the form https://host/v1",
                remedy: "correct the address")
        }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw InputError(
                host,
                "the address holds a user, a query or a fragment, which a record would repeat",
                remedy: "leave them out, and name the variable of a key with key=VARIABLE")
        }
        let isHere = ["localhost", "::1", "[::1]"].contains(host) || host.hasPrefix("127.")
        guard scheme == "https" || isHere || allowsPlainText else {
            throw InputError(
                host, "http: would send prompts and key in the clear",
                remedy: "use https:, or add plain-text=yes for a network that you trust")
        }
        guard !model.isEmpty else {
            throw InputError(host, "names no model", remedy: "add model=NAME")
        }
        while parts.path.hasSuffix("/") { parts.path.removeLast() }
        let end = "/chat/completions"
        if !parts.path.hasSuffix(end) { parts.path += end }
        guard let url = parts.url else {
            throw InputError(host, "the address cannot be parsed", remedy: "correct it")
        }
        self.url = url
        self.model = model
    }

    /// Returns the key.
    ///
    /// - Throws: `InputError` when the variable that should hold it is not set.
    func key(in environment: [String: String]) throws(InputError) -> String? {
        guard let keyVariable else { return nil }
        guard let key = environment[keyVariable], !key.isEmpty else {
            throw InputError(
                url.host() ?? "", "the environment variable \(keyVariable) is not set",
                remedy: "put the key there")
        }
        guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw InputError(
                url.host() ?? "",
                "the environment variable \(keyVariable) holds white space or other characters "
                    + "that no key has",
                remedy: "set it again")
        }
        return key
    }
}
