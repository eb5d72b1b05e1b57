// SPDX-License-Identifier: Apache-2.0
// The regular expressions of adapter_config.json. They come from strangers, so that matching takes
// time that is polynomial in the lengths: sets of positions are followed, and nothing backtracks.

import JSONText

/// A regular expression in Python's syntax over the names of modules, such as
/// `model.layers.0.self_attn.q_proj`.
struct ModulePattern: Sendable, Hashable {
    indirect enum Node: Sendable, Hashable {
        case scalar(in: [ClosedRange<Unicode.Scalar>], isNegated: Bool)
        case sequence([Node])
        case choice([Node])
        /// Any number of times, none included.
        case repeated(Node)
        case start
        case end
    }

    /// The expression as it was written.
    let source: String
    private let root: Node

    /// Reads an expression.
    ///
    /// - Parameters:
    ///   - source: The expression.
    ///   - place: Its place in adapter_config.json.
    /// - Throws: `InputError` for an expression that is damaged, too long or not understood.
    init(_ source: String, at place: JSONNode) throws(InputError) {
        var parser = ModulePatternParser(source, place)
        self.source = source
        root = try parser.expression()
    }

    /// Returns whether the expression matches a whole name.
    func matches(_ name: String) -> Bool { matches(Array(name.unicodeScalars), from: [0]) }

    /// Returns whether the expression matches the end of a name, from its start or from behind a
    /// full stop.
    func matchesEnd(of name: String) -> Bool {
        let text = Array(name.unicodeScalars)
        return matches(text, from: [0] + text.indices.filter { text[$0] == "." }.map { $0 + 1 })
    }

    private func matches(_ text: [Unicode.Scalar], from starts: [Int]) -> Bool {
        Self.ends(of: root, from: Set(starts), in: text).contains(text.count)
    }

    /// Returns the places where matches end that begin at one of some places.
    private static func ends(
        of node: Node, from starts: Set<Int>, in text: [Unicode.Scalar]
    ) -> Set<Int> {
        switch node {
        case .scalar(let ranges, let isNegated):
            return Set(
                starts.filter { place in
                    place < text.count
                        && ranges.contains { $0.contains(text[place]) } != isNegated
                }.map { $0 + 1 })
        case .sequence(let nodes):
            return nodes.reduce(starts) { ends(of: $1, from: $0, in: text) }
        case .choice(let nodes):
            return nodes.reduce(into: []) { $0.formUnion(ends(of: $1, from: starts, in: text)) }
        case .repeated(let node):
            var found = starts
            var new = starts
            while !new.isEmpty {
                new = ends(of: node, from: new, in: text).subtracting(found)
                found.formUnion(new)
            }
            return found
        case .start: return starts.intersection([0])
        case .end: return starts.intersection([text.count])
        }
    }
}

/// Reads an expression from left to right.
private struct ModulePatternParser {
    private typealias Node = ModulePattern.Node

    /// The most parts that an expression may have, its repetitions written out.
    private static let most = 4_096
    private static let deepest = 32
    private static let digits: [ClosedRange<Unicode.Scalar>] = ["0"..."9"]
    private static let word: [ClosedRange<Unicode.Scalar>] = [
        "0"..."9", "A"..."Z", "a"..."z", "_"..."_",
    ]
    private static let space: [ClosedRange<Unicode.Scalar>] = ["\t"..."\r", " "..." "]

    private let place: JSONNode
    private var rest: ArraySlice<Unicode.Scalar>
    private var depth = 0
    private var count = 0

    init(_ source: String, _ place: JSONNode) {
        self.place = place
        rest = Array(source.unicodeScalars)[...]
    }

    mutating func expression() throws(InputError) -> ModulePattern.Node {
        let node = try choice()
        guard rest.isEmpty else { throw refused("has a ) too many") }
        return node
    }

    private mutating func choice() throws(InputError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw refused("is nested too deeply") }
        var choices = [try sequence()]
        while skip("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(InputError) -> Node {
        var nodes: [Node] = []
        while let next = rest.first, next != "|", next != ")" {
            let before = count
            let node = try atom()
            nodes.append(try quantified(node, size: max(1, count - before)))
        }
        return .sequence(nodes)
    }

    private mutating func atom() throws(InputError) -> Node {
        count += 1
        guard count <= Self.most, let next = rest.popFirst() else {
            throw refused("is too long")
        }
        switch next {
        case "(":
            try skipGroupName()
            let node = try choice()
            guard skip(")") else { throw refused("lacks a )") }
            return node
        case "[": return try set()
        case ".": return .scalar(in: ["\n"..."\n"], isNegated: true)
        case "^": return .start
        case "$": return .end
        case "\\":
            let (ranges, isNegated) = try escaped()
            return .scalar(in: ranges, isNegated: isNegated)
        case "*", "+", "?": throw refused("has a \(next) with nothing before it")
        default: return .scalar(in: [next...next], isNegated: false)
        }
    }

    private mutating func skipGroupName() throws(InputError) {
        guard skip("?") else { return }
        if skip(":") { return }
        guard skip("P"), skip("<"), let end = rest.firstIndex(of: ">") else {
            throw refused("looks ahead, looks back or sets flags")
        }
        rest = rest[(end + 1)...]
    }

    /// Reads what follows an atom: `*`, `+`, `?` or `{2,3}`, greedy or not.
    private mutating func quantified(_ node: Node, size: Int) throws(InputError) -> Node {
        let result: Node
        if skip("*") {
            result = .repeated(node)
        } else if skip("+") {
            // The node is written out twice, which nested ones double each time.
            count += size
            guard count <= Self.most else { throw refused("is too long") }
            result = .sequence([node, .repeated(node)])
        } else if skip("?") {
            result = .choice([node, .sequence([])])
        } else if rest.first == "{", let end = rest.firstIndex(of: "}") {
            let inner = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<end]))
            let bounds = inner.split(separator: ",", omittingEmptySubsequences: false)
            guard let least = Int(bounds.first ?? ""), bounds.count <= 2, least >= 0 else {
                throw refused("repeats {\(inner)} times")
            }
            let most = bounds.count == 1 ? least : Int(bounds[1])
            guard bounds.count == 1 || most != nil || bounds[1].isEmpty, most ?? least >= least,
                max(least, most ?? 0) <= Self.most
            else { throw refused("repeats {\(inner)} times") }
            count += size * max(least, most ?? 0)
            guard count <= Self.most else { throw refused("is too long") }
            rest = rest[(end + 1)...]
            let optional = Node.choice([node, .sequence([])])
            result = .sequence(
                Array(repeating: node, count: least)
                    + (most.map { Array(repeating: optional, count: $0 - least) }
                        ?? [.repeated(node)]))
        } else {
            return node
        }
        // Whether it is greedy changes nothing for a whole name.
        if skip("?") { return result }
        if let next = rest.first, "*+?".unicodeScalars.contains(next) {
            throw refused("has two repetitions in a row")
        }
        return result
    }

    private mutating func set() throws(InputError) -> Node {
        let isNegated = skip("^")
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let next = rest.popFirst() {
            if next == "]", !ranges.isEmpty { return .scalar(in: ranges, isNegated: isNegated) }
            if next == "\\" {
                let (escaped, isNegated) = try escaped()
                guard !isNegated else { throw refused("negates a class within a class") }
                ranges += escaped
            } else if rest.first == "-", let last = rest.dropFirst().first, last != "]" {
                guard next <= last, last != "\\" else { throw refused("has a range backwards") }
                rest = rest.dropFirst(2)
                ranges.append(next...last)
            } else {
                ranges.append(next...next)
            }
        }
        throw refused("lacks a ]")
    }

    private mutating func escaped() throws(InputError) -> (
        ranges: [ClosedRange<Unicode.Scalar>], isNegated: Bool
    ) {
        guard let next = rest.popFirst() else { throw refused("ends with a backslash") }
        switch next {
        case "d": return (Self.digits, false)
        case "D": return (Self.digits, true)
        case "w": return (Self.word, false)
        case "W": return (Self.word, true)
        case "s": return (Self.space, false)
        case "S": return (Self.space, true)
        case "a"..."z", "A"..."Z", "0"..."9": throw refused("uses \\\(next)")
        default: return ([next...next], false)
        }
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest = rest.dropFirst()
        return true
    }

    private func refused(_ problem: String) -> InputError {
        place.error(
            "is a regular expression that \(problem)",
            "write it with names, ( | ), [ ], ., *, +, ?, {m,n}, ^, $, \\d, \\w and \\s only")
    }
}
