// SPDX-License-Identifier: Apache-2.0
// Reads the goldens that the scripts beside them made.

import Foundation

@testable import Tokenization

enum Goldens {
    static func data(_ name: String) throws -> Data {
        let folder = Bundle.module.resourceURL?.appending(path: "Goldens")
        return try Data(contentsOf: folder?.appending(path: name) ?? URL(filePath: name))
    }

    static func read<Value: Decodable>(_ name: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: data(name))
    }

    /// Texts that have been trouble somewhere, and random ones.
    struct Corpus: Decodable {
        let nasty: Int
        let texts: [String]

        /// The texts of the small tokenizers: the nasty ones and a part of the random ones.
        var some: [String] {
            texts[..<nasty] + stride(from: nasty, to: texts.count, by: 5).map { texts[$0] }
        }
    }

    /// Tokens with their text, with and without special ones.
    struct Decoded: Decodable {
        let ids: [Int]
        let text: String
        let plain: String
    }

    static let corpus: Result<Corpus, any Error> = Result { try read("corpus.json") }
}

/// Whether two texts are the same scalar by scalar; `==` would take canonical equivalence.
func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// A text in ASCII, for failures.
func visible(_ text: String) -> String {
    text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
}
