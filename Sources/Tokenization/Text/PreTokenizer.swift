// SPDX-License-Identifier: Apache-2.0
// Cuts normalized text into the words that are encoded one by one.

import JSONText

/// The pre-tokenizer of a tokenizer: a series of steps, each of which cuts the parts of the step
/// before.
struct PreTokenizer: Sendable {
    enum Step: Sendable {
        case scan(WordScanner)
        case digits(individual: Bool)
        case split(TextPattern, SplitBehaviour, inverted: Bool)
        /// Puts a space before a part that does not start with one.
        case prefixSpace
        case metaspace(Metaspace)
        /// Cuts at scalars with a flag of `UnicodeClasses`.
        case scalars(UInt8, SplitBehaviour)
        /// Cuts where `ScalarRuns` says so.
        case runs(ScalarRuns)
        /// Cuts before `▁` where it does not follow one of these scalars.
        case spaces(after: Set<Int>)
        /// Writes bytes as the characters of `ByteAlphabet`.
        case byteAlphabet
    }

    private(set) var steps: [Step] = []
    /// Whether words are encoded byte by byte.
    private(set) var isByteLevel = false

    /// Adds a step, unless the words are bytes already.
    mutating func append(_ step: Step) {
        if isByteLevel { spellBytes() }
        steps.append(step)
    }

    /// Has bytes written as characters, for models that do not encode byte by byte.
    mutating func spellBytes() {
        if isByteLevel { steps.append(.byteAlphabet) }
        isByteLevel = false
    }

    /// Cuts `text` into words.
    ///
    /// - Parameters:
    ///   - text: Valid UTF-8.
    ///   - isFirst: Whether the text starts where the whole input starts.
    ///   - body: Called with each word in order; none is empty.
    func forEachWord(
        in text: UnsafeBufferPointer<UInt8>, isFirst: Bool,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        cut(text, isFirst: isFirst, step: 0, body)
    }

    private func cut(
        _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, step: Int,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard !text.isEmpty else { return }
        guard step < steps.count else { return body(text) }
        /// Passes a part on to the next step.
        func pass(_ range: Range<Int>) {
            let part = UnsafeBufferPointer(rebasing: text[range])
            cut(part, isFirst: isFirst && range.lowerBound == 0, step: step + 1, body)
        }
        switch steps[step] {
        case .scan(let scanner):
            var start = 0
            let isLast = step + 1 == steps.count
            while start < text.count {
                let end = scanner.end(from: start, in: text)
                if isLast {
                    body(UnsafeBufferPointer(rebasing: text[start..<end]))
                } else {
                    pass(start..<end)
                }
                start = end
            }
        case .digits(let individual): Self.forEachNumber(in: text, individual, pass)
        case .split(let pattern, let behaviour, let inverted):
            behaviour.split(text.count, at: pattern.matches(in: text), inverted).forEach(pass)
        case .scalars(let flag, let behaviour):
            let matches = ScalarRuns.scalars(of: text, with: flag)
            behaviour.split(text.count, at: matches, false).forEach(pass)
        case .runs(let runs): runs.split(text).forEach(pass)
        case .spaces(let joined): Self.spaces(in: text, after: joined).forEach(pass)
        case .byteAlphabet:
            let spelling = text.flatMap { byte -> [UInt8] in
                let (first, second) = ByteAlphabet.utf8[Int(byte)]
                return second == 0 ? [first] : [first, second]
            }
            spelling.withUnsafeBufferPointer { cut($0, isFirst: isFirst, step: step + 1, body) }
        case .prefixSpace:
            guard text[0] != UInt8(ascii: " ") else { return pass(0..<text.count) }
            ([UInt8(ascii: " ")] + text).withUnsafeBufferPointer {
                cut($0, isFirst: isFirst, step: step + 1, body)
            }
        case .metaspace(let metaspace):
            metaspace.replacing(in: text, isFirst: isFirst).withUnsafeBufferPointer { replaced in
                for range in metaspace.words(of: replaced) {
                    let part = UnsafeBufferPointer(rebasing: replaced[range])
                    cut(part, isFirst: isFirst && range.lowerBound == 0, step: step + 1, body)
                }
            }
        }
    }

    /// Cuts text into digits, or runs of digits, and the text between them.
    private static func forEachNumber(
        in text: UnsafeBufferPointer<UInt8>, _ individual: Bool, _ body: (Range<Int>) -> Void
    ) {
        var start = 0
        var position = 0
        var isNumber = false
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            let isDigit = flags & UnicodeClasses.digit != 0
            if isDigit != isNumber || isDigit && individual {
                if position > start { body(start..<position) }
                start = position
                isNumber = isDigit
            }
            position += length
        }
        if position > start { body(start..<position) }
    }
}

// MARK: - Reading

extension PreTokenizer {
    /// Reads the `pre_tokenizer` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when it is not supported.
    init(_ place: JSONNode) throws(InputError) { try append(place) }

    private static let supported = """
        BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, \
        Punctuation, Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit
        """

    private mutating func append(_ place: JSONNode) throws(InputError) {
        let type = try place.required("type")
        switch try type.string() {
        case "Sequence":
            for element in try place.required("pretokenizers").elements() { try append(element) }
        case "ByteLevel":
            if try place.flag("add_prefix_space", default: true) { append(.prefixSpace) }
            if try place.flag("use_regex", default: true) { append(.scan(.gpt2)) }
            spellBytes()
            isByteLevel = true
        case "Digits":
            append(.digits(individual: try place.flag("individual_digits", default: false)))
        case "Metaspace": append(.metaspace(try Metaspace(place)))
        case "Split": append(try Self.split(place))
        case "WhitespaceSplit": append(.scalars(UnicodeClasses.space, .removed))
        case "Whitespace": append(.runs(.words))
        case "UnicodeScripts": append(.runs(.scripts))
        case "FixedLength":
            let place = try place.member("length")
            let length = try place?.count() ?? 5
            if let place, length == 0 { throw place.error("the length is 0", "use at least 1") }
            append(.runs(.fixed(length)))
        case "CharDelimiterSplit":
            append(.runs(.delimited(by: Array(try place.required("delimiter").string().utf8))))
        case "Punctuation":
            append(.scalars(UnicodeClasses.mark, try Self.behaviour(place) ?? .isolated))
        case "BertPreTokenizer":
            append(.scalars(UnicodeClasses.space, .removed))
            append(.scalars(UnicodeClasses.mark, .isolated))
        case let other:
            throw type.error(
                "the pre-tokenizer \(other) is not supported", "supported: \(Self.supported)")
        }
    }

    private static func behaviour(_ place: JSONNode) throws(InputError) -> SplitBehaviour? {
        guard let place = try place.member("behavior") else { return nil }
        guard let behaviour = SplitBehaviour(rawValue: try place.string()) else {
            let known = SplitBehaviour.allCases.map(\.rawValue).joined(separator: ", ")
            throw place.error("an unknown behaviour", "supported: \(known)")
        }
        return behaviour
    }

    private static func split(_ place: JSONNode) throws(InputError) -> Step {
        guard let behaviour = try behaviour(place) else {
            throw place.error("has no \"behavior\"", place.remedy)
        }
        let inverted = try place.flag("invert", default: false)
        let pattern = try place.required("pattern")
        let (text, isRegex) = try pattern.pattern()
        let keepsMatches = behaviour == .isolated || behaviour == .removed && inverted
        if isRegex, keepsMatches,
            let scanner = WordScanner.allCases.first(where: { $0.expression == text })
        {
            return .scan(scanner)
        }
        return .split(try TextPattern(pattern), behaviour, inverted: inverted)
    }
}

// MARK: - Long words

extension PreTokenizer {
    private static let space = SentencePieceNormalizer.space

    /// Has whole texts cut where no merge can join them, so that words repeat and are remembered.
    mutating func cutBeforeSpaces(of model: BytePairModel) {
        guard model.byteSymbols.isEmpty, !model.ignoresMerges, model.prefix.isEmpty,
            model.suffix.isEmpty, model.vocabulary.identifier(of: "\u{2581}") != nil
        else { return }
        if case .spaces? = steps.last { return }
        var joined: Set<Int> = []
        for identifier in model.merges.results {
            let piece = Array(model.vocabulary.bytes(Int(identifier)) ?? [])
            piece.withUnsafeBufferPointer { piece in
                var position = 0
                var last: Int?
                while position < piece.count {
                    let (point, length) = UnicodeClasses.scalar(at: position, of: piece)
                    if point == 0x2581, let last { joined.insert(last) }
                    last = point
                    position += length
                }
            }
        }
        steps.append(.spaces(after: joined))
    }

    private static func spaces(
        in text: UnsafeBufferPointer<UInt8>, after joined: Set<Int>
    ) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = 0
        var position = 0
        while position < text.count {
            // A scalar is at least one byte, and the space is three.
            guard text[position] == space[0], position + 2 < text.count,
                text[position + 1] == space[1], text[position + 2] == space[2]
            else {
                position += 1
                continue
            }
            if position > start, !joined.contains(scalar(before: position, in: text)) {
                parts.append(start..<position)
                start = position
            }
            position += space.count
        }
        if start < text.count { parts.append(start..<text.count) }
        return parts
    }

    private static func scalar(before end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = end - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return UnicodeClasses.scalar(at: start, of: text).point
    }
}
