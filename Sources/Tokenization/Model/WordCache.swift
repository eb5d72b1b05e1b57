// SPDX-License-Identifier: Apache-2.0
// Remembers how words were encoded, because most words of a text are repeated.

import Foundation

/// A bounded cache of encoded words, shared by the copies of a tokenizer.
///
/// `@unchecked Sendable`: `words` is only accessed while `lock` is held. A thread that encodes
/// takes the words out, works on them alone and puts them back. Another thread starts with an empty
/// cache meanwhile.
final class WordCache: @unchecked Sendable {
    /// Encoded words.
    struct Words {
        private static let greatestCount = 1 << 16
        private static let greatestByteCount = 1 << 20

        private var table = ByteStringTable(capacity: 1024)
        private var ends: [Int] = [0]
        private var identifiers: [Int32] = []

        fileprivate var count: Int { table.count }

        /// The longest word in bytes that is remembered.
        static let longestWord = 64

        /// Returns the tokens of a word, or nil when it is not in the cache.
        func find(_ word: UnsafeBufferPointer<UInt8>) -> ArraySlice<Int32>? {
            table.find(word).map { identifiers[ends[$0]..<ends[$0 + 1]] }
        }

        /// Adds a word that is not in the cache.
        mutating func insert(_ word: UnsafeBufferPointer<UInt8>, _ tokens: ArraySlice<Int32>) {
            if table.count >= Self.greatestCount || table.byteCount >= Self.greatestByteCount {
                self = Words()
            }
            guard table.insert(word) else { return }
            identifiers.append(contentsOf: tokens)
            ends.append(identifiers.count)
        }
    }

    private let lock = NSLock()
    private var words: Words?

    /// Takes the words out.
    func take() -> Words {
        lock.withLock {
            defer { words = nil }
            return words ?? Words()
        }
    }

    /// Puts words back, unless the cache already holds more.
    func put(_ new: Words) {
        lock.withLock {
            if new.count >= words?.count ?? 0 { words = new }
        }
    }
}
