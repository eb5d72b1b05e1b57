// SPDX-License-Identifier: Apache-2.0
// Tokens and their identifiers. Tokens are byte strings: Swift treats canonically equivalent
// strings as equal, but two such tokens are different.

import JSONText

/// The tokens of a model.
struct Vocabulary: Sendable {
    /// Greater than in any real vocabulary. A faulty file must not cause an allocation of
    /// gigabytes.
    static let greatestIdentifier = 1 << 24

    private var table: ByteStringTable
    private var identifiers: [Int32] = []
    private var indices: [Int32] = []

    /// One more than the greatest identifier.
    var size: Int { indices.count }
    /// The number of tokens.
    var count: Int { table.count }

    /// Makes an empty vocabulary.
    ///
    /// - Parameter capacity: The expected number of tokens.
    init(capacity: Int) {
        table = ByteStringTable(capacity: capacity)
        identifiers.reserveCapacity(capacity)
        indices.reserveCapacity(capacity)
    }

    /// Adds a token.
    ///
    /// - Parameters:
    ///   - token: The token's text.
    ///   - identifier: Its identifier, from 0 to `greatestIdentifier`.
    /// - Returns: Why it cannot be added, or nil when it was added.
    mutating func insert(_ token: String, identifier: Int) -> String? {
        guard (0...Self.greatestIdentifier).contains(identifier) else {
            return "the identifier \(identifier) is out of range"
        }
        if identifier < indices.count, indices[identifier] >= 0 {
            return "the identifier \(identifier) is given twice"
        }
        var token = token
        guard token.withUTF8({ table.insert($0) }) else { return "the token is given twice" }
        identifiers.append(Int32(identifier))
        while indices.count <= identifier { indices.append(-1) }
        indices[identifier] = Int32(table.count - 1)
        return nil
    }

    /// Returns the identifier of a token, or nil.
    func identifier(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        table.find(token).map { identifiers[$0] }
    }

    /// Returns the identifier of a token, or nil.
    func identifier(of token: String) -> Int32? {
        table.find(token).map { identifiers[$0] }
    }

    /// Returns the bytes of a token, or nil when no token has this identifier.
    func bytes(_ identifier: Int) -> ArraySlice<UInt8>? {
        guard indices.indices.contains(identifier), indices[identifier] >= 0 else { return nil }
        return table[Int(indices[identifier])]
    }

    /// The tokens `<0x00>` to `<0xFF>` by byte, -1 for one that is missing.
    var fallbackSymbols: [Int32] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return identifier(of: "<0x\(byte < 16 ? "0" : "")\(digits)>") ?? -1
        }
    }

    /// The tokens with their identifiers, in ascending order of identifiers.
    var json: JSON {
        .object(
            indices.indices.compactMap { identifier in
                bytes(identifier).map { token in
                    JSON.Member(
                        key: String(decoding: token, as: UTF8.self), value: .integer(identifier))
                }
            })
    }
}
