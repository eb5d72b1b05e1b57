// SPDX-License-Identifier: Apache-2.0
// An answer's words and sentences, independent of its markup, Unicode forms and contractions.

internal import Foundation

/// An answer as words, sentence by sentence.
///
/// Two answers that look the same to a reader have the same words: compatibility characters (NFKC),
/// white space, invisible characters, emphasis, letter case and the form of apostrophes are
/// unified, and contractions are spelled out (`can't` and `cannot` become `can not`).
struct AnswerText {
    /// A sentence.
    struct Sentence {
        /// Its words in lower case.
        var words: [Substring] = []
        /// Whether each word is inside quotation marks.
        var areQuoted: [Bool] = []
        /// Whether it ends with a question mark.
        var isQuestion = false
    }

    let sentences: [Sentence]

    init(_ answer: String) {
        var sentences: [Sentence] = []
        var sentence = Sentence()
        var isQuoted = false
        let text = Array(Self.plain(answer))
        func end(_ sentence: inout Sentence) {
            guard !sentence.words.isEmpty else { return }
            sentences.append(sentence)
            sentence = Sentence()
        }
        var index = 0
        while index < text.count {
            let character = text[index]
            if character.isLetter || character.isNumber {
                let start = index
                while index < text.count, Self.isInner(index, of: text) { index += 1 }
                let words = Self.spelledOut(Substring(text[start..<index]))
                sentence.words += words
                sentence.areQuoted += words.map { _ in isQuoted }
                continue
            }
            switch character {
            case "\"": isQuoted.toggle()
            case ".", "!", "?", "…", "。":
                sentence.isQuestion = character == "?"
                end(&sentence)
            // A line break within a sentence is only wrapping; an empty line ends the sentence.
            case "\n" where index + 1 < text.count && text[index + 1] == "\n": end(&sentence)
            default: break
            }
            index += 1
        }
        if !sentence.words.isEmpty { sentences.append(sentence) }
        // A quotation mark without its partner is ignored.
        if isQuoted {
            for place in sentences.indices {
                sentences[place].areQuoted = sentences[place].words.map { _ in false }
            }
        }
        self.sentences = sentences
    }

    /// All words.
    var words: [Substring] { sentences.flatMap(\.words) }

    /// Returns whether the character at `index` is part of a word: a letter, a digit, an apostrophe
    /// before a letter, or a point or comma between two digits.
    private static func isInner(_ index: Int, of text: [Character]) -> Bool {
        let character = text[index]
        if character.isLetter || character.isNumber { return true }
        guard index > 0, index + 1 < text.count else { return false }
        switch character {
        case "'": return text[index + 1].isLetter
        case ".", ",": return text[index - 1].isNumber && text[index + 1].isNumber
        default: return false
        }
    }

    /// Returns the text in one form of Unicode, without markup and in lower case.
    private static func plain(_ answer: String) -> String {
        let text = Array(
            (answer.utf8.allSatisfy { $0 < 0x80 } ? answer : unified(answer)).lowercased())
        var result = ""
        var index = 0
        var isLineStart = true
        while index < text.count {
            let character = text[index]
            let next = index + 1 < text.count ? text[index + 1] : nil
            index += 1
            if character.isNewline {
                if result.last == " " { result.removeLast() }
                result.append("\n")
                isLineStart = true
                continue
            }
            if character.isWhitespace {
                if result.last.map({ $0 != " " && $0 != "\n" }) ?? false { result.append(" ") }
                continue
            }
            switch character {
            // Markup of headings, quotations and lists is removed; the text is kept.
            case "#" where isLineStart: continue
            case ">", "-", "+", "•":
                if isLineStart, next == nil || next?.isWhitespace == true { continue }
            // Markup of emphasis and code is removed. A grave accent within a word is an
            // apostrophe.
            case "*", "_", "~": continue
            case "`":
                if result.last?.isLetter == true, next?.isLetter == true { result.append("'") }
                continue
            case "<":
                if let end = endOfTag(in: text, from: index) {
                    index = end
                    if result.last?.isWhitespace == false { result.append(" ") }
                    continue
                }
            // Of a link, only the text is kept.
            case "[": continue
            case "]" where next == "(":
                if let end = text[index...].prefix(400).firstIndex(of: ")") { index = end + 1 }
                continue
            default: break
            }
            isLineStart = false
            result.append(character)
        }
        return result
    }

    /// Returns the index after a tag such as `b`, `/em` or `br/` in angle brackets; nil if no tag
    /// begins there.
    private static func endOfTag(in text: [Character], from start: Int) -> Int? {
        guard start < text.count, text[start] == "/" || text[start].isLetter,
            let end = text[start...].prefix(80).firstIndex(where: { $0 == ">" || $0 == "<" }),
            text[end] == ">"
        else { return nil }
        return end + 1
    }

    /// Returns the text in one form of Unicode: look-alike characters are unified, and invisible
    /// ones are removed.
    private static func unified(_ answer: String) -> String {
        let scalars = answer.unicodeScalars.compactMap { scalar -> Unicode.Scalar? in
            switch scalar {
            // The compatibility form would decompose some of these.
            case "\u{2018}", "\u{2019}", "\u{201B}", "\u{2032}", "\u{02BC}", "\u{02B9}", "\u{00B4}",
                "\u{FF07}", "\u{02BB}", "\u{055A}":
                "'"
            case "\u{201C}", "\u{201D}", "\u{201E}", "\u{201F}", "\u{00AB}", "\u{00BB}": "\""
            case "\u{2028}", "\u{2029}", "\u{0085}": "\n"
            // Soft hyphens, zero-width characters, direction marks and byte order marks.
            case _ where scalar.properties.generalCategory == .format: nil
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars)).precomposedStringWithCompatibilityMapping
    }

    /// Returns a word with its contraction spelled out.
    private static func spelledOut(_ word: Substring) -> [Substring] {
        if let known = contractions[String(word)] { return known }
        guard let mark = word.lastIndex(of: "'") else { return [word] }
        let (stem, ending) = (word[..<mark], word[word.index(after: mark)...])
        switch ending {
        case "t" where stem.hasSuffix("n"): return [stem.dropLast(), "not"]
        case "m": return [stem, "am"]
        case "re": return [stem, "are"]
        case "ve": return [stem, "have"]
        case "ll": return [stem, "will"]
        case "d": return [stem, "would"]
        default: return [word]
        }
    }

    private static let contractions: [String: [Substring]] = [
        "cannot": ["can", "not"], "can't": ["can", "not"], "cant": ["can", "not"],
        "won't": ["will", "not"], "wont": ["will", "not"], "shan't": ["shall", "not"],
        "don't": ["do", "not"], "dont": ["do", "not"], "im": ["i", "am"], "ive": ["i", "have"],
        "couldnt": ["could", "not"], "wouldnt": ["would", "not"], "isnt": ["is", "not"],
        "didnt": ["did", "not"], "doesnt": ["does", "not"], "ain't": ["am", "not"],
    ]
}
