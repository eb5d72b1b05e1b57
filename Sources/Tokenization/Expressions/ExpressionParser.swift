// SPDX-License-Identifier: Apache-2.0
// Reads the part of regular expressions that tokenizers use.

/// A part of a regular expression.
indirect enum ExpressionNode: Sendable {
    case set(ScalarSet)
    case sequence([ExpressionNode])
    case choice([ExpressionNode])
    case repetition(ExpressionNode, least: Int, most: Int, Greed)
    /// Looks ahead without taking what it finds.
    case ahead(ExpressionNode, isNegated: Bool)
    case start
    /// The end of the text, or of a line.
    case end(ofLine: Bool)
    case wordBoundary(isNegated: Bool)

    enum Greed: Sendable { case greedy, lazy, possessive }
}

/// Reads an expression. What it does not know makes the reading fail.
struct ExpressionParser {
    /// The expression is not of the known part.
    struct Unknown: Error {}

    /// More repetitions than this are refused: each is written out.
    private static let mostRepetitions = 1000
    private static let deepestGroup = 32

    private let text: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var foldsCase = false

    private init(_ text: String) { self.text = Array(text.unicodeScalars) }

    /// Returns the meaning of an expression, or nil when it has parts that are not known here.
    static func parse(_ text: String) -> ExpressionNode? {
        var parser = ExpressionParser(text)
        guard let node = try? parser.choice(), parser.position == parser.text.count else {
            return nil
        }
        return node
    }

    private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private mutating func take() throws -> Unicode.Scalar {
        guard let scalar = next else { throw Unknown() }
        position += 1
        return scalar
    }

    private mutating func skip(_ expected: String) -> Bool {
        let scalars = Array(expected.unicodeScalars)
        guard text[position...].starts(with: scalars) else { return false }
        position += scalars.count
        return true
    }

    private mutating func choice() throws -> ExpressionNode {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepestGroup else { throw Unknown() }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws -> ExpressionNode {
        var parts: [ExpressionNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            parts.append(try quantified(try atom()))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ atom: ExpressionNode) throws -> ExpressionNode {
        let least: Int
        let most: Int
        if skip("*") {
            (least, most) = (0, .max)
        } else if skip("+") {
            (least, most) = (1, .max)
        } else if skip("?") {
            (least, most) = (0, 1)
        } else if skip("{") {
            least = try number()
            if skip(",") { most = next == "}" ? .max : try number() } else { most = least }
            guard skip("}"), least <= most else { throw Unknown() }
        } else {
            return atom
        }
        let greed: ExpressionNode.Greed = skip("?") ? .lazy : skip("+") ? .possessive : .greedy
        if let next, "*+?{".unicodeScalars.contains(next) { throw Unknown() }
        return .repetition(atom, least: least, most: most, greed)
    }

    private mutating func number() throws -> Int {
        var value = 0
        let start = position
        while let digit = next, ("0"..."9").contains(digit) {
            value = value * 10 + Int(digit.value & 15)
            position += 1
            guard value <= Self.mostRepetitions else { throw Unknown() }
        }
        guard position > start else { throw Unknown() }
        return value
    }

    private mutating func atom() throws -> ExpressionNode {
        switch try take() {
        case "(": return try group()
        case "[": return .set(try bracket())
        case ".": return .set(ScalarSet(ranges: [0x0A...0x0A], isNegated: true))
        case "^": return .start
        case "$": return .end(ofLine: true)
        case "\\":
            if skip("b") { return .wordBoundary(isNegated: false) }
            if skip("B") { return .wordBoundary(isNegated: true) }
            if skip("A") { return .start }
            if skip("z") { return .end(ofLine: false) }
            return .set(try escaped())
        case "*", "+", "?", "{", "}", "]": throw Unknown()
        case let scalar: return .set(try literal(scalar))
        }
    }

    private mutating func group() throws -> ExpressionNode {
        let outer = foldsCase
        defer { foldsCase = outer }
        var wrap: (ExpressionNode) -> ExpressionNode = { $0 }
        if skip("?=") {
            wrap = { .ahead($0, isNegated: false) }
        } else if skip("?!") {
            wrap = { .ahead($0, isNegated: true) }
        } else if skip("?>") {
            wrap = { .repetition($0, least: 1, most: 1, .possessive) }
        } else if skip("?i:") {
            foldsCase = true
        } else if !skip("?:"), next == "?" {
            throw Unknown()
        }
        let inner = try choice()
        guard skip(")") else { throw Unknown() }
        return wrap(inner)
    }

    /// Returns the set of one scalar, in both cases where the expression folds case.
    private func literal(_ scalar: Unicode.Scalar) throws -> ScalarSet {
        let point = Int(scalar.value)
        guard foldsCase else { return ScalarSet(ranges: [point...point]) }
        guard scalar.isASCII else { throw Unknown() }
        let isLetter = UnicodeClasses.flags[point] & UnicodeClasses.letter != 0
        var set = ScalarSet(
            ranges: isLetter
                ? [point | 0x20...point | 0x20, point & 0x5F...point & 0x5F] : [point...point])
        // Unicode folds the long s and the Kelvin sign.
        if point | 0x20 == 0x73 { set.ranges.append(0x17F...0x17F) }
        if point | 0x20 == 0x6B { set.ranges.append(0x212A...0x212A) }
        return set
    }

    /// Reads what follows a backslash.
    private mutating func escaped() throws -> ScalarSet {
        switch try take() {
        case "s": return .spaces
        case "S": return negated(.spaces)
        case "d": return .digits
        case "D": return negated(.digits)
        case "w": return .words
        case "W": return negated(.words)
        case "n": return ScalarSet(ranges: [0x0A...0x0A])
        case "r": return ScalarSet(ranges: [0x0D...0x0D])
        case "t": return ScalarSet(ranges: [0x09...0x09])
        case "p": return try category(isNegated: false)
        case "P": return try category(isNegated: true)
        case let scalar where scalar.isASCII && !scalar.has(UnicodeClasses.word):
            return ScalarSet(ranges: [Int(scalar.value)...Int(scalar.value)])
        default: throw Unknown()
        }
    }

    private func negated(_ set: ScalarSet) -> ScalarSet {
        var set = set
        set.isNegated.toggle()
        return set
    }

    private mutating func category(isNegated: Bool) throws -> ScalarSet {
        guard skip("{") else { throw Unknown() }
        let isInner = skip("^")
        var name = ""
        while let scalar = next, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        let mask = UnicodeClasses.mask(of: name)
        guard skip("}"), !name.isEmpty, name.count <= 2, mask != 0 else { throw Unknown() }
        return ScalarSet(categories: mask, isNegated: isNegated != isInner)
    }

    /// Reads a set in brackets, after the first.
    private mutating func bracket() throws -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepestGroup else { throw Unknown() }
        var set = ScalarSet()
        set.isNegated = skip("^")
        var isFirst = true
        while !skip("]") {
            if skip("&&") || skip("[:") || isFirst && next == "]" { throw Unknown() }
            isFirst = false
            if skip("[") {
                set.others.append(try bracket())
                continue
            }
            let item = try bracketItem()
            // A range whose ends have two cases is left to Foundation.
            if foldsCase, next == "-", position + 1 < text.count, text[position + 1] != "]" {
                throw Unknown()
            }
            guard let first = single(item), next == "-", position + 1 < text.count,
                text[position + 1] != "]"
            else {
                add(item, to: &set)
                continue
            }
            position += 1
            guard next != "[", let last = single(try bracketItem()), first <= last
            else {
                throw Unknown()
            }
            set.ranges.append(first...last)
        }
        return set
    }

    private mutating func bracketItem() throws -> ScalarSet {
        let scalar = try take()
        return scalar == "\\" ? try escaped() : try literal(scalar)
    }

    /// Returns the only scalar of a set, if it has one.
    private func single(_ set: ScalarSet) -> Int? {
        guard set.categories == 0, set.others.isEmpty, !set.isNegated, set.ranges.count == 1,
            let range = set.ranges.first, range.count == 1
        else { return nil }
        return range.lowerBound
    }

    private func add(_ item: ScalarSet, to set: inout ScalarSet) {
        if item.isNegated || !item.others.isEmpty {
            set.others.append(item)
        } else {
            set.categories |= item.categories
            set.ranges += item.ranges
        }
    }
}
