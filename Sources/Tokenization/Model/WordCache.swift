// SPDX-License-Identifier: Apache-2.0
// Remembers how words were encoded: most words of a text come again.

import Foundation

/// A bounded memory of encoded words, shared by the copies of a tokenizer.
///
/// `@unchecked Sendable`: `words` is only touched while `lock` is held. Who encodes takes the
/// words out, works on them alone and puts them back; another thread meanwhile starts empty.
final class WordCache: @unchecked Sendable {
    /// Encoded words.
    struct Words {
        private static let greatestCount = 1 << 16
        private static let greatestByteCount = 1 << 20

        private var table = ByteStringTable(capacity: 1024)
        private var ends: [Int] = [0]
        private var identifiers: [Int32] = []

        fileprivate var count: Int { table.count }

        /// Words longer than this in bytes are not worth remembering.
        static let longestWord = 64

        /// Returns the tokens of a word, or nil when it is not known.
        func find(_ word: UnsafeBufferPointer<UInt8>) -> ArraySlice<Int32>? {
            table.find(word).map { identifiers[ends[$0]..<ends[$0 + 1]] }
        }

        /// Remembers a word that is not known yet.
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

    /// Puts words back, unless more are there already.
    func put(_ new: Words) {
        lock.withLock {
            if new.count >= words?.count ?? 0 { words = new }
        }
    }
}
