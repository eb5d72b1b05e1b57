// SPDX-License-Identifier: Apache-2.0
// A pattern of an alternative name in a certificate, compared part by part: an asterisk in a host
// takes no path, and one in an address no host.

/// A pattern such as `*@acme.example`, `https://github.com/acme/*` or `*.acme.example`.
///
/// A text with a colon is a pattern of URIs, another with `@` of email addresses, another with `!` of
/// user names, any other of host names; a lone `*` is a pattern of all. Addresses, schemes and hosts
/// compare without case.
public struct AlternativeNamePattern: Sendable, Hashable {
    private enum Kind: Sendable, Hashable {
        case anything
        case emailAddress(local: TextPattern, host: TextPattern)
        case uri(scheme: TextPattern, authority: TextPattern?, rest: TextPattern, hasUser: Bool)
        case host(TextPattern)
        case userName(TextPattern)
    }

    private let kind: Kind

    /// Reads a pattern.
    public init(_ text: String) {
        if text == "*" {
            kind = .anything
        } else if let uri = URIParts(text) {
            kind = .uri(
                scheme: TextPattern(uri.scheme), authority: uri.authority.map { TextPattern($0) },
                rest: TextPattern(uri.rest), hasUser: uri.hasUser)
        } else if let (local, host) = emailParts(text) {
            kind = .emailAddress(local: TextPattern(local), host: TextPattern(host))
        } else if text.contains("!") {
            kind = .userName(TextPattern(text))
        } else {
            kind = .host(TextPattern(lowercasedASCII(text)))
        }
    }

    /// Returns whether a whole name matches.
    ///
    /// - Parameter name: A name in a certificate.
    /// - Returns: Whether it is of the pattern's kind, and each of its parts matches.
    public func matches(_ name: AlternativeName) -> Bool {
        switch (kind, name) {
        case (.anything, _): return true
        case (.emailAddress(let local, let host), .emailAddress(let text)):
            guard let parts = emailParts(text) else { return false }
            return local.matches(parts.local) && host.matches(parts.host)
        case (.uri(let scheme, let authority, let rest, let hasUser), .uri(let text)):
            guard let parts = URIParts(text), scheme.matches(parts.scheme),
                // `acme.example@evil.example` is a host that is named after the `@`.
                hasUser || !parts.hasUser
            else { return false }
            switch (authority, parts.authority) {
            case (let pattern?, let authority?):
                guard pattern.matches(authority) else { return false }
            case (nil, nil): break
            default: return false
            }
            return rest.matches(parts.rest)
        case (.host(let pattern), .dnsName(let text)):
            return pattern.matches(lowercasedASCII(text))
        case (.userName(let pattern), .userName(let text)):
            return pattern.matches(text)
        default: return false
        }
    }
}

/// A URI (RFC 3986) in the parts that are compared, scheme and authority in lower case.
private struct URIParts {
    let scheme: String
    /// What follows `//`: a host, and perhaps a user and a port; nil without `//`.
    let authority: String?
    let rest: Substring

    /// Whether the authority names a user before its host.
    var hasUser: Bool { authority?.contains("@") ?? false }

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        scheme = lowercasedASCII(text[..<colon])
        let after = text[text.index(after: colon)...]
        guard after.hasPrefix("//") else {
            (authority, rest) = (nil, after)
            return
        }
        let place = after.dropFirst(2)
        let end = place.firstIndex { "/?#".contains($0) } ?? place.endIndex
        authority = lowercasedASCII(place[..<end])
        rest = place[end...]
    }
}

/// Returns an email address in lower case, split before its host; nil without `@`.
private func emailParts(_ text: String) -> (local: Substring, host: Substring)? {
    let text = lowercasedASCII(text)
    guard let at = text.lastIndex(of: "@") else { return nil }
    return (text[..<at], text[text.index(after: at)...])
}

/// Returns a text with the letters of ASCII in lower case. Letters of other scripts that have one of
/// them as their lower case stay what they are.
private func lowercasedASCII(_ text: some StringProtocol) -> String {
    String(
        decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
}
