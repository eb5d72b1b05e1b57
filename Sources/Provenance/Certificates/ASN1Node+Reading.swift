// SPDX-License-Identifier: Apache-2.0
// Reads DER that the certificate library has no type for: revocation lists and timestamps.

import Crypto
import Foundation
import SwiftASN1
import X509

/// Malformed DER. The caller knows the name of the file.
struct MalformedDER: Error {}

extension ASN1Node {
    /// The nodes in a constructed node.
    var fields: [ASN1Node] {
        get throws {
            guard case .constructed(let nodes) = content else { throw MalformedDER() }
            return Array(nodes)
        }
    }

    /// The only node in an explicit tag.
    var tagged: ASN1Node {
        get throws {
            let fields = try fields
            guard let field = fields.first, fields.count == 1 else { throw MalformedDER() }
            return field
        }
    }

    /// The extensions in a sequence of them, each at most once.
    var extensions: [Certificate.Extension] {
        get throws {
            let extensions = try fields.map { try Certificate.Extension(derEncoded: $0) }
            guard Set(extensions.map(\.oid)).count == extensions.count else { throw MalformedDER() }
            return extensions
        }
    }

    /// Returns whether the node has a context-specific tag.
    func hasTag(_ number: UInt) -> Bool {
        identifier == ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }
}

extension [ASN1Node] {
    /// Removes the first node.
    mutating func take() throws -> ASN1Node {
        guard !isEmpty else { throw MalformedDER() }
        return removeFirst()
    }

    /// Removes the first node if it is of a kind.
    mutating func take(where isWanted: (ASN1Node) -> Bool) -> ASN1Node? {
        guard let first, isWanted(first) else { return nil }
        return removeFirst()
    }
}

extension Date {
    /// Reads a UTCTime or a GeneralizedTime.
    init(_ node: ASN1Node) throws {
        var components = DateComponents()
        components.calendar = Calendar(identifier: .gregorian)
        components.timeZone = .gmt
        var fraction = 0.0
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            (components.year, components.month, components.day) = (time.year, time.month, time.day)
            (components.hour, components.minute, components.second) =
                (time.hours, time.minutes, time.seconds)
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            (components.year, components.month, components.day) = (time.year, time.month, time.day)
            (components.hour, components.minute, components.second) =
                (time.hours, time.minutes, time.seconds)
            fraction = time.fractionalSeconds
        }
        guard let date = components.date else { throw MalformedDER() }
        self = date + fraction
    }
}

/// The hash functions that signatures and timestamps may use.
enum HashAlgorithm: Sendable, Hashable {
    case sha256, sha384, sha512

    /// Reads an AlgorithmIdentifier.
    init(_ node: ASN1Node) throws {
        switch try ASN1ObjectIdentifier(derEncoded: node.fields.first ?? node) {
        case [2, 16, 840, 1, 101, 3, 4, 2, 1]: self = .sha256
        case [2, 16, 840, 1, 101, 3, 4, 2, 2]: self = .sha384
        case [2, 16, 840, 1, 101, 3, 4, 2, 3]: self = .sha512
        default: throw MalformedDER()
        }
    }

    /// Returns the digest of bytes.
    func digest(of data: some DataProtocol) -> Data {
        switch self {
        case .sha256: Data(SHA256.hash(data: data))
        case .sha384: Data(SHA384.hash(data: data))
        case .sha512: Data(SHA512.hash(data: data))
        }
    }
}

extension Certificate.SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier. Algorithms over SHA-1 are refused.
    ///
    /// - Parameters:
    ///   - node: The AlgorithmIdentifier.
    ///   - hash: The hash function of a signature whose algorithm names none, as RSA's may in CMS.
    /// - Throws: `MalformedDER` for any other algorithm.
    init(_ node: ASN1Node, hash: HashAlgorithm? = nil) throws {
        let identifier = try ASN1ObjectIdentifier(derEncoded: node.fields.first ?? node)
        switch (identifier, hash) {
        case ([1, 2, 840, 10_045, 4, 3, 2], _): self = .ecdsaWithSHA256
        case ([1, 2, 840, 10_045, 4, 3, 3], _): self = .ecdsaWithSHA384
        case ([1, 2, 840, 10_045, 4, 3, 4], _): self = .ecdsaWithSHA512
        case (.AlgorithmIdentifier.sha256WithRSAEncryption, _),
            (.AlgorithmIdentifier.rsaEncryption, .sha256):
            self = .sha256WithRSAEncryption
        case (.AlgorithmIdentifier.sha384WithRSAEncryption, _),
            (.AlgorithmIdentifier.rsaEncryption, .sha384):
            self = .sha384WithRSAEncryption
        case (.AlgorithmIdentifier.sha512WithRSAEncryption, _),
            (.AlgorithmIdentifier.rsaEncryption, .sha512):
            self = .sha512WithRSAEncryption
        case ([1, 3, 101, 112], _): self = .ed25519
        default: throw MalformedDER()
        }
    }
}
