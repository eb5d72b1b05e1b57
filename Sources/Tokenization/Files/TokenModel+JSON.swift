// SPDX-License-Identifier: Apache-2.0
// Reads the `model` of tokenizer.json.

import JSONText

extension TokenModel {
    /// Reads a model.
    ///
    /// - Parameters:
    ///   - place: The model.
    ///   - isByteLevel: Whether words are encoded byte by byte.
    /// - Throws: An error when the model is damaged or not supported.
    init(_ place: JSONNode, isByteLevel: Bool) throws(InputError) {
        switch try Self.type(of: place) {
        case "BPE": self = .bytePair(try BytePairModel(place, isByteLevel: isByteLevel))
        case "Unigram": self = .unigram(try UnigramModel(place))
        case "WordPiece": self = .wordPiece(try WordPieceModel(place))
        case "WordLevel": self = .wordLevel(try WordLevelModel(place))
        case let other:
            throw try place.required("type").error(
                "the model \(other) is not supported",
                "supported: BPE, Unigram, WordLevel, WordPiece")
        }
    }

    /// Old files do not name the type; the other members tell it.
    private static func type(of place: JSONNode) throws(InputError) -> String {
        if let type = try place.member("type") { return try type.string() }
        if try place.member("max_input_chars_per_word") != nil { return "WordPiece" }
        if case .array? = try place.member("vocab")?.value { return "Unigram" }
        guard try place.member("merges") == nil else { return "BPE" }
        return try place.member("unk_token") == nil ? "BPE" : "WordLevel"
    }
}

extension UnigramModel {
    /// Reads a model of the type Unigram.
    init(_ place: JSONNode) throws(InputError) {
        let list = try place.required("vocab")
        guard case .array(let pieces) = list.value else {
            throw list.error("an array expected", "check the file")
        }
        self.init(vocabulary: Vocabulary(capacity: pieces.count), scores: [])
        scores.reserveCapacity(pieces.count)
        leastScore = .infinity
        for (identifier, piece) in pieces.enumerated() {
            guard case .array(let pair) = piece, pair.count == 2, case .string(let text) = pair[0],
                let score = pair[1].double
            else {
                throw list.error("piece \(identifier) is not a text and a score", "check the file")
            }
            if let problem = vocabulary.insert(text, identifier: identifier) {
                throw list.error("\"\(text)\": \(problem)", "check the file")
            }
            scores.append(score)
            trie.insert(text.utf8, value: Int32(identifier))
            leastScore = min(leastScore, score)
        }
        if let unknownPlace = try place.member("unk_id") {
            let identifier = try unknownPlace.count()
            guard identifier < pieces.count else {
                throw unknownPlace.error("there is no piece \(identifier)", "check the file")
            }
            unknown = Int32(identifier)
        }
        if try place.flag("byte_fallback", default: false) {
            fallbackSymbols = vocabulary.fallbackSymbols
        }
    }

    /// The model as in `tokenizer.json`.
    var json: JSON {
        .members([
            "type": .string("Unigram"), "unk_id": unknown.map { .integer(Int($0)) } ?? .null,
            "vocab": .array(
                scores.indices.map { identifier in
                    let bytes = vocabulary.bytes(identifier) ?? []
                    return .array([
                        .string(String(decoding: bytes, as: UTF8.self)),
                        .number(scores[identifier]),
                    ])
                }),
            "byte_fallback": .boolean(!fallbackSymbols.isEmpty),
        ])
    }
}

extension WordLevelModel {
    /// Reads a model of the type WordLevel.
    init(_ place: JSONNode, unknown fallback: String = "<unk>") throws(InputError) {
        vocabulary = try Vocabulary(place.required("vocab"))
        unknown = try place.member("unk_token")?.string() ?? fallback
    }

    /// The model as in `tokenizer.json`.
    var json: JSON {
        .members([
            "type": .string("WordLevel"), "vocab": vocabulary.json, "unk_token": .string(unknown),
        ])
    }
}

extension WordPieceModel {
    /// Reads a model of the type WordPiece.
    init(_ place: JSONNode) throws(InputError) {
        words = try WordLevelModel(place, unknown: "[UNK]")
        prefix = try place.bytes("continuing_subword_prefix", default: "##")
        longestWord = try place.member("max_input_chars_per_word")?.count() ?? 100
    }

    /// The model as in `tokenizer.json`.
    var json: JSON {
        .members([
            "type": .string("WordPiece"), "unk_token": .string(words.unknown),
            "continuing_subword_prefix": .string(String(decoding: prefix, as: UTF8.self)),
            "max_input_chars_per_word": .integer(longestWord), "vocab": words.vocabulary.json,
        ])
    }
}

extension Vocabulary {
    /// Reads tokens with their identifiers.
    init(_ place: JSONNode) throws(InputError) {
        let tokens = try place.members()
        self.init(capacity: tokens.count)
        for (token, value) in tokens.map({ ($0.key, $0.value) }) {
            guard case .integer(let identifier) = value else {
                throw place.error(
                    "\"\(token)\" has \(value.kind) for an identifier", "check the file")
            }
            if let problem = insert(token, identifier: identifier) {
                throw place.error("\"\(token)\": \(problem)", "check the file")
            }
        }
    }
}

extension JSONNode {
    /// Returns the UTF-8 of a member that is a string.
    func bytes(_ key: String, default fallback: String = "") throws(InputError) -> [UInt8] {
        Array(try (member(key)?.string() ?? fallback).utf8)
    }
}

extension JSON {
    /// The value of a number.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
