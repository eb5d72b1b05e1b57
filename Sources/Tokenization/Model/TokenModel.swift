// SPDX-License-Identifier: Apache-2.0
// The kinds of models that turn a word into tokens.

import JSONText

/// A vocabulary with a way of cutting words into its tokens.
enum TokenModel: Sendable {
    case bytePair(BytePairModel)
    case unigram(UnigramModel)
    case wordPiece(WordPieceModel)
    case wordLevel(WordLevelModel)

    /// The working memory of `encode`, kept between words.
    struct Scratch {
        var bytePair = BytePairModel.Scratch()
        var unigram = UnigramModel.Scratch()
    }

    /// The tokens.
    var vocabulary: Vocabulary {
        switch self {
        case .bytePair(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .wordPiece(let model): model.words.vocabulary
        case .wordLevel(let model): model.vocabulary
        }
    }

    /// Whether words are encoded byte by byte.
    var encodesBytes: Bool {
        if case .bytePair(let model) = self { !model.byteSymbols.isEmpty } else { false }
    }

    /// Encodes one word.
    ///
    /// - Parameters:
    ///   - word: The word as valid UTF-8.
    ///   - scratch: Working memory.
    ///   - identifiers: The array to which the word's tokens are appended.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, scratch: inout Scratch, into identifiers: inout [Int32]
    ) {
        switch self {
        case .bytePair(let model):
            model.encode(word, scratch: &scratch.bytePair, into: &identifiers)
        case .unigram(let model):
            model.encode(word, scratch: &scratch.unigram, into: &identifiers)
        case .wordPiece(let model): model.encode(word, into: &identifiers)
        case .wordLevel(let model): model.encode(word, into: &identifiers)
        }
    }

    /// The `model` of `tokenizer.json`.
    var json: JSON {
        switch self {
        case .bytePair(let model): model.json
        case .unigram(let model): model.json
        case .wordPiece(let model): model.json
        case .wordLevel(let model): model.json
        }
    }
}
