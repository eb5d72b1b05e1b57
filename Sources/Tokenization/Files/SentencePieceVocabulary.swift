// SPDX-License-Identifier: Apache-2.0
// The pieces and settings of a SentencePiece model, from tokenizer.model or from GGUF.

import JSONText

/// What a SentencePiece model is made of.
struct SentencePieceVocabulary {
    enum Algorithm: UInt64 { case unigram = 1, bytePair, word, character }
    enum Kind: UInt64 { case normal = 1, unknown, control, userDefined, unused, byte }

    struct Piece {
        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    var file: String
    var pieces: [Piece] = []
    var algorithm = Algorithm.unigram
    var normalizer = SentencePieceNormalizer()
    /// The compiled map of the normalizer, as stored.
    var characters: [UInt8] = []
    var fallsBackToBytes = false
    /// The names of the tokens with a role.
    var roles: [String: String] = [
        "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
    ]

    init(file: String) { self.file = file }

    /// Reads `tokenizer.model`.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - file: The file's name, for errors.
    /// - Throws: An error with the byte where the file is damaged, or the setting that is not
    ///   supported.
    init(_ bytes: [UInt8], file: String) throws(InputError) {
        self.file = file
        var reader = ProtobufReader(bytes, file: file)
        while let (field, value) = try reader.next() {
            guard case .bytes(let range) = value else { continue }
            var inner = ProtobufReader(bytes, in: range, file: file)
            switch field {
            case 1: pieces.append(try Self.piece(&inner))
            case 2: try readTraining(&inner)
            case 3: try readNormalization(&inner)
            default: break
            }
        }
        guard !pieces.isEmpty else { throw reader.error("there are no pieces") }
        if !characters.isEmpty {
            normalizer.characters = try CharacterMap(characters) { problem, _ in
                reader.error(problem)
            }
        }
        // A name that no piece has says that the role is not used.
        let texts = Set(pieces.map(\.text))
        roles = roles.filter { texts.contains($0.value) }
    }

    private static func piece(_ reader: inout ProtobufReader) throws(InputError) -> Piece {
        var piece = Piece()
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let range)): piece.text = try reader.text(range)
            case (2, .float(let score)):
                guard score.isFinite else { throw reader.error("a score is not finite") }
                piece.score = score
            case (3, .integer(let number)):
                guard let kind = Kind(rawValue: number) else {
                    throw reader.error("the piece type \(number) is not known")
                }
                piece.kind = kind
            default: break
            }
        }
        guard !piece.text.isEmpty else { throw reader.error("a piece is empty") }
        return piece
    }

    private mutating func readTraining(_ reader: inout ProtobufReader) throws(InputError) {
        let names: [UInt64: String] = [
            45: "unk_token", 46: "bos_token", 47: "eos_token", 48: "pad_token",
        ]
        let identifiers: [UInt64: String] = [41: "bos_token", 42: "eos_token", 43: "pad_token"]
        var unused: Set<String> = ["pad_token"]
        while let (field, value) = try reader.next() {
            switch value {
            case .integer(let number):
                switch field {
                case 3:
                    guard let algorithm = Algorithm(rawValue: number) else {
                        throw reader.error("the model type \(number) is not known")
                    }
                    self.algorithm = algorithm
                case 24: normalizer.treatsSpaceAsSuffix = number != 0
                case 35: fallsBackToBytes = number != 0
                default:
                    guard let role = identifiers[field] else { break }
                    // A negative identifier says that the role is not used.
                    if Int64(bitPattern: number) < 0 {
                        unused.insert(role)
                    } else {
                        unused.remove(role)
                    }
                }
            case .bytes(let range):
                if let role = names[field] { roles[role] = try reader.text(range) }
            default: break
            }
        }
        for role in unused { roles[role] = nil }
    }

    private mutating func readNormalization(_ reader: inout ProtobufReader) throws(InputError) {
        while let field = try reader.next() {
            switch field {
            case (2, .bytes(let range)): characters = Array(reader.bytes[range])
            case (3, .integer(let flag)): normalizer.addsDummySpace = flag != 0
            case (4, .integer(let flag)): normalizer.removesExtraSpaces = flag != 0
            case (5, .integer(let flag)): normalizer.escapesSpaces = flag != 0
            default: break
            }
        }
    }
}
