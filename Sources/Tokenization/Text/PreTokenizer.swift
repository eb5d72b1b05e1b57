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
    }

    private(set) var steps: [Step] = []
    /// Whether words are encoded byte by byte.
    private(set) var isByteLevel = false

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

    private mutating func append(_ place: JSONNode) throws(InputError) {
        let type = try place.required("type")
        if isByteLevel {
            throw type.error(
                "a pre-tokenizer after ByteLevel is not supported", "ByteLevel must be the last")
        }
        switch try type.string() {
        case "Sequence":
            for element in try place.required("pretokenizers").elements() { try append(element) }
        case "ByteLevel":
            if try place.flag("add_prefix_space", default: true) { steps.append(.prefixSpace) }
            if try place.flag("use_regex", default: true) { steps.append(.scan(.gpt2)) }
            isByteLevel = true
        case "Digits":
            steps.append(.digits(individual: try place.flag("individual_digits", default: false)))
        case "Metaspace": steps.append(.metaspace(try Metaspace(place)))
        case "Split": steps.append(try Self.split(place))
        case let other:
            throw type.error(
                "the pre-tokenizer \(other) is not supported",
                "supported: ByteLevel, Digits, Metaspace, Sequence, Split")
        }
    }

    private static func split(_ place: JSONNode) throws(InputError) -> Step {
        let behaviourPlace = try place.required("behavior")
        guard let behaviour = SplitBehaviour(rawValue: try behaviourPlace.string()) else {
            let known = SplitBehaviour.allCases.map(\.rawValue).joined(separator: ", ")
            throw behaviourPlace.error("an unknown behaviour", "supported: \(known)")
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
