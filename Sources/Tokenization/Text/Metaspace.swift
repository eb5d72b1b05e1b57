// SPDX-License-Identifier: Apache-2.0
// SentencePiece's way of keeping spaces: a visible character at the start of words.

import JSONText

/// Replaces spaces and cuts before them.
struct Metaspace: Sendable {
    private enum Prepending: String { case always, first, never }

    private let replacement: [UInt8]
    private let prepending: Prepending
    private let cuts: Bool

    /// Reads a `Metaspace` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when it is not supported.
    init(_ place: JSONNode) throws(InputError) {
        replacement = Array(try place.required("replacement").string().utf8)
        cuts = try place.flag("split", default: true)
        if let scheme = try place.member("prepend_scheme") {
            guard let prepending = Prepending(rawValue: try scheme.string()) else {
                throw scheme.error("an unknown scheme", "supported: always, first, never")
            }
            self.prepending = prepending
        } else {
            prepending = try place.flag("add_prefix_space", default: true) ? .always : .never
        }
    }

    /// Returns the text with every space replaced, and with the prefix if the scheme has one.
    func replacing(in text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        var result: [UInt8] = []
        let startsWithSpace = text.starts(with: replacement) || text.first == UInt8(ascii: " ")
        if !startsWithSpace, prepending == .always || prepending == .first && isFirst {
            result += replacement
        }
        for byte in text {
            if byte == UInt8(ascii: " ") { result += replacement } else { result.append(byte) }
        }
        return result
    }

    /// Returns the words of a replaced text. Each starts with the replacement, except perhaps the
    /// first.
    func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        guard cuts else { return [0..<text.count] }
        var words: [Range<Int>] = []
        var start = 0
        var position = 0
        while position < text.count {
            if text[position...].starts(with: replacement) {
                if position > start { words.append(start..<position) }
                start = position
                position += replacement.count
            } else {
                position += 1
            }
        }
        if start < text.count { words.append(start..<text.count) }
        return words
    }

    /// Returns the token as text again.
    ///
    /// - Parameters:
    ///   - token: The token's bytes.
    ///   - isFirst: Whether it is the first of the decoded tokens.
    /// - Returns: The token with spaces in place of the replacement.
    func decode(_ token: [UInt8], isFirst: Bool) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < token.count {
            if token[position...].starts(with: replacement) {
                if !isFirst || prepending == .never { result.append(UInt8(ascii: " ")) }
                position += replacement.count
            } else {
                result.append(token[position])
                position += 1
            }
        }
        return result
    }
}
