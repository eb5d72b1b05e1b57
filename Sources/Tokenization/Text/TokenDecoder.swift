// SPDX-License-Identifier: Apache-2.0
// Converts tokens back to text.

import JSONText

/// The decoder of a tokenizer: each kind maps a list of tokens to another list.
indirect enum TokenDecoder: Sendable {
    case byteLevel
    case byteFallback
    case fuse
    case strip(content: [UInt8], start: Int, stop: Int)
    case replace(TextPattern, String)
    case metaspace(Metaspace)
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    case bytePair(suffix: String)
    case connectionist(pad: String, delimiter: String, cleansUp: Bool)
    case sequence([TokenDecoder])

    private static let supported = """
        BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, \
        WordPiece
        """

    /// Reads the `decoder` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when it is not supported.
    init(_ place: JSONNode) throws(InputError) {
        let type = try place.required("type")
        switch try type.string() {
        case "ByteLevel": self = .byteLevel
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                content: Array(try place.required("content").string().utf8),
                start: try place.required("start").count(),
                stop: try place.required("stop").count())
        case "Replace":
            self = .replace(
                try TextPattern(try place.required("pattern")),
                try place.required("content").string())
        case "Metaspace": self = .metaspace(try Metaspace(place))
        case "WordPiece":
            self = .wordPiece(
                prefix: try place.bytes("prefix", default: "##"),
                cleansUp: try place.flag("cleanup", default: true))
        case "BPEDecoder":
            self = .bytePair(suffix: try place.member("suffix")?.string() ?? "</w>")
        case "CTC":
            self = .connectionist(
                pad: try place.member("pad_token")?.string() ?? "<pad>",
                delimiter: try place.member("word_delimiter_token")?.string() ?? "|",
                cleansUp: try place.flag("cleanup", default: true))
        case "Sequence":
            var all: [TokenDecoder] = []
            for element in try place.required("decoders").elements() {
                all.append(try TokenDecoder(element))
            }
            self = .sequence(all)
        case let other:
            throw type.error(
                "the decoder \(other) is not supported",
                "supported: \(Self.supported)")
        }
    }

    /// Decodes a list of tokens.
    ///
    /// - Parameter tokens: UTF-8 texts.
    /// - Returns: UTF-8 texts, which joined give the decoded text.
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            var bytes: [UInt8] = []
            for token in tokens { ByteAlphabet.append(token, to: &bytes) }
            return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let content, let start, let stop):
            return tokens.map { Self.strip($0, content, start, stop) }
        case .replace(let pattern, let content):
            return tokens.map { token in
                let text = String(decoding: token, as: UTF8.self)
                return Array(pattern.replacing(in: text, with: content).utf8)
            }
        case .metaspace(let metaspace):
            return tokens.enumerated().map { metaspace.decode($1, isFirst: $0 == 0) }
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                let hasPrefix = index > 0 && token.starts(with: prefix)
                let space = index == 0 || hasPrefix ? [] : [UInt8(ascii: " ")]
                let whole = space + token.dropFirst(hasPrefix ? prefix.count : 0)
                return cleansUp ? Self.cleanedUp(whole) : whole
            }
        case .bytePair(let suffix):
            return tokens.enumerated().map { index, token in
                let isLast = index + 1 == tokens.count
                return Self.replacing([(suffix, isLast ? "" : " ")], in: token)
            }
        case .connectionist(let pad, let delimiter, let cleansUp):
            let distinct = tokens.indices.filter { $0 == 0 || tokens[$0] != tokens[$0 - 1] }
            return distinct.map { index in
                let token = Self.replacing([(pad, "")], in: tokens[index])
                guard cleansUp else { return token }
                return Self.replacing([(delimiter, " ")], in: Self.cleanedUp(token))
            }
        case .sequence(let all): return all.reduce(tokens) { $1.decode($0) }
        }
    }

    /// Removes the spaces that stand before punctuation and short forms of English.
    private static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
        replacing(
            [
                (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
                (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"),
                (" 're", "'re"),
            ], in: token)
    }

    private static func replacing(_ pairs: [(String, String)], in token: [UInt8]) -> [UInt8] {
        pairs.reduce(token) { token, pair in
            let old = Array(pair.0.utf8)
            guard !old.isEmpty else { return token }
            var result: [UInt8] = []
            var position = 0
            while position < token.count {
                if token[position...].starts(with: old) {
                    result += pair.1.utf8
                    position += old.count
                } else {
                    result.append(token[position])
                    position += 1
                }
            }
            return result
        }
    }

    private static func strip(
        _ token: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int
    ) -> [UInt8] {
        var rest = token[...]
        for _ in 0..<start where rest.starts(with: content) { rest = rest.dropFirst(content.count) }
        for _ in 0..<stop where rest.suffix(content.count) == content[...] {
            rest = rest.dropLast(content.count)
        }
        return Array(rest)
    }

    /// Joins runs of `<0xXX>`; a run that is not UTF-8 becomes one U+FFFD for each byte.
    private static func joinBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func finish() {
            guard !run.isEmpty else { return }
            if String(validating: run, as: UTF8.self) != nil {
                result.append(run)
            } else {
                result += run.map { _ in Array("\u{FFFD}".utf8) }
            }
            run = []
        }
        for token in tokens {
            if let byte = byte(of: token) {
                run.append(byte)
            } else {
                finish()
                result.append(token)
            }
        }
        finish()
        return result
    }

    /// Whether runs of tokens for bytes are joined.
    var joinsBytes: Bool {
        switch self {
        case .byteFallback: true
        case .sequence(let all): all.contains { $0.joinsBytes }
        default: false
        }
    }

    /// Returns the byte of a token `<0xXX>`.
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">")
        else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }
}
