// SPDX-License-Identifier: Apache-2.0
// Builds a tokenizer that encodes as SentencePiece does.

public import Foundation
public import JSONText

extension Tokenizer {
    /// Reads a tokenizer from SentencePiece's `tokenizer.model`.
    ///
    /// - Parameters:
    ///   - sentencePiece: The file's bytes.
    ///   - file: The file's name, for errors.
    /// - Throws: An error with the place in the file when something is damaged or not supported.
    public init(sentencePiece: Data, file: String) throws(InputError) {
        try self.init(SentencePieceVocabulary(Array(sentencePiece), file: file))
    }

    init(_ source: SentencePieceVocabulary) throws(InputError) {
        var normalizer = source.normalizer
        for (identifier, piece) in source.pieces.enumerated() where piece.kind == .userDefined {
            normalizer.userDefined.insert(piece.text.utf8, value: Int32(identifier))
        }
        switch source.algorithm {
        case .unigram: self.init(model: .unigram(try UnigramModel(source)))
        case .bytePair: self.init(model: .bytePair(try BytePairModel(source)))
        case .word, .character:
            throw source.error(
                "trainer_spec.model_type", "\(source.algorithm) models are not supported",
                "supported: unigram, bpe")
        }
        self.normalizer = .sentencePiece(normalizer)
        for (identifier, piece) in source.pieces.enumerated() {
            switch piece.kind {
            case .control, .unknown:
                addedTokens.append(AddedToken(identifier: identifier, content: piece.text))
            case .userDefined where source.algorithm == .bytePair:
                // SentencePiece never merges them with their neighbours.
                addedTokens.append(
                    AddedToken(
                        identifier: identifier, content: piece.text, isSpecial: false,
                        isNormalized: true))
            default: break
            }
        }
        for (key, text) in source.roles.sorted(by: { $0.key < $1.key }) {
            if let identifier = model.vocabulary.identifier(of: text) {
                self[role: key] = SpecialToken(text: text, identifier: Int(identifier))
            }
        }
        components = source.components
        try readDecoder(file: source.file)
        indexAddedTokens()
    }

    /// Reads the decoder from the components.
    mutating func readDecoder(file: String) throws(InputError) {
        for component in components where component.key == "decoder" {
            decoder = try TokenDecoder(
                JSONNode(component.value, file: file, path: component.key, remedy: Self.remedy))
        }
    }
}

extension SentencePieceVocabulary {
    fileprivate func error(_ position: String, _ problem: String, _ remedy: String) -> InputError {
        InputError(file: file, position: position, problem, remedy: remedy)
    }

    /// Returns the pieces as a vocabulary.
    fileprivate func vocabulary() throws(InputError) -> Vocabulary {
        var vocabulary = Vocabulary(capacity: pieces.count)
        for (identifier, piece) in pieces.enumerated() {
            if let problem = vocabulary.insert(piece.text, identifier: identifier) {
                throw error(
                    "pieces[\(identifier)]", "\"\(piece.text)\": \(problem)", "check the file")
            }
        }
        if fallsBackToBytes, let byte = vocabulary.fallbackSymbols.firstIndex(of: -1) {
            throw error("pieces", "there is no piece for the byte \(byte)", "check the file")
        }
        return vocabulary
    }

    fileprivate func unknown() throws(InputError) -> Int32 {
        guard let identifier = pieces.firstIndex(where: { $0.kind == .unknown }) else {
            throw error("pieces", "none is for unknown text", "check the file")
        }
        return Int32(identifier)
    }

    /// The components of `tokenizer.json` to which transformers converts the model. They give the
    /// same tokens for nearly every text.
    fileprivate var components: [JSON.Member] {
        func replace(_ key: String, _ pattern: String, _ content: String) -> JSON {
            .members([
                "type": .string("Replace"), "pattern": .members([.init(key): .string(pattern)]),
                "content": .string(content),
            ])
        }
        var normalizers: [JSON] = []
        if !characters.isEmpty {
            normalizers.append(
                .members([
                    "type": .string("Precompiled"),
                    "precompiled_charsmap": .string(Data(characters).base64EncodedString()),
                ]))
        }
        if normalizer.removesExtraSpaces {
            normalizers.append(replace("Regex", #"\A +| +\z"#, ""))
            normalizers.append(replace("Regex", " {2,}", " "))
        }
        if normalizer.escapesSpaces { normalizers.append(replace("String", " ", "\u{2581}")) }
        var preTokenizer = JSON.null
        var decoders = [replace("String", "\u{2581}", " ")]
        if fallsBackToBytes { decoders.append(.members(["type": .string("ByteFallback")])) }
        decoders.append(.members(["type": .string("Fuse")]))
        if normalizer.addsDummySpace {
            normalizers.append(replace("Regex", "\\A\u{2581}", "\u{2581}\u{2581}"))
            preTokenizer = .members([
                "type": .string("Metaspace"), "replacement": .string("\u{2581}"),
                "prepend_scheme": .string("always"), "split": .boolean(false),
            ])
            decoders.append(
                .members([
                    "type": .string("Strip"), "content": .string(" "), "start": .integer(1),
                    "stop": .integer(0),
                ]))
        }
        return [
            JSON.Member(
                key: "normalizer",
                value: .members([
                    "type": .string("Sequence"), "normalizers": .array(normalizers),
                ])),
            JSON.Member(key: "pre_tokenizer", value: preTokenizer),
            JSON.Member(
                key: "decoder",
                value: .members(["type": .string("Sequence"), "decoders": .array(decoders)])),
        ]
    }
}

extension UnigramModel {
    fileprivate init(_ source: SentencePieceVocabulary) throws(InputError) {
        vocabulary = try source.vocabulary()
        unknown = try source.unknown()
        isSinglePrecision = true
        scores = source.pieces.map { Double($0.score) }
        let normal = source.pieces.lazy.filter { $0.kind == .normal }.map(\.score)
        leastScore = Double(normal.min() ?? 0)
        let greatest = normal.max() ?? 0
        for (identifier, piece) in source.pieces.enumerated() {
            guard piece.kind == .normal || piece.kind == .userDefined else { continue }
            if piece.kind == .userDefined {
                // Above all ways to cut it.
                let best = Double(Float(piece.text.utf8.count) * greatest) - 0.1
                scores[identifier] = Double(Float(best))
            }
            trie.insert(piece.text.utf8, value: Int32(identifier))
        }
        if source.fallsBackToBytes { fallbackSymbols = vocabulary.fallbackSymbols }
    }
}

extension BytePairModel {
    /// Longer pieces are refused: the ways to cut them are tried one by one.
    private static let longestPiece = 1024

    /// Two neighbours are merged when their text is a piece; the greatest score comes first, and of
    /// equal ones the leftmost.
    fileprivate init(_ source: SentencePieceVocabulary) throws(InputError) {
        vocabulary = try source.vocabulary()
        unknown = try source.unknown()
        fusesUnknown = true
        if source.fallsBackToBytes { fallbackSymbols = vocabulary.fallbackSymbols }
        merges = MergeTable(capacity: source.pieces.count * 2)
        let ordered = source.pieces.indices.filter { source.pieces[$0].kind == .normal }
            .sorted { source.pieces[$0].score > source.pieces[$1].score }
        var rank = -1
        var last: Float?
        for identifier in ordered {
            let piece = source.pieces[identifier]
            if piece.score != last { rank += 1 }
            last = piece.score
            let text = Array(piece.text.utf8)
            guard text.count <= Self.longestPiece else {
                throw source.error(
                    "pieces[\(identifier)]", "the piece has \(text.count) bytes",
                    "the most is \(Self.longestPiece)")
            }
            text.withUnsafeBufferPointer { text in
                for split in text.indices.dropFirst() where text[split] & 0xC0 != 0x80 {
                    let left = vocabulary.identifier(of: .init(rebasing: text[..<split]))
                    let right = vocabulary.identifier(of: .init(rebasing: text[split...]))
                    guard let left, let right, source.pieces[Int(left)].kind == .normal,
                        source.pieces[Int(right)].kind == .normal
                    else { continue }
                    merges.append(left, right, becoming: Int32(identifier), rank: rank)
                }
            }
        }
    }
}
