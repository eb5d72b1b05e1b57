// SPDX-License-Identifier: Apache-2.0
// Sequences of different lengths packed one after the other. Common beginnings are stored once.

public import Tensors

/// Where a token is.
struct TokenPosition {
    /// The number of tokens in front of it.
    let index: Int
    /// The length of its sequence.
    let length: Int
}

/// Packed token sequences. Nothing is padded, and a beginning that several of them share is
/// computed once, as in a prefix tree (arXiv:2312.07104).
public struct TokenBatch: Sendable {
    /// The shortest shared beginning that is worth a segment of its own.
    private static let shortest = 8

    /// The identifiers, `[tokens]`, int32.
    public let tokens: Tensor
    /// The segments of the tokens.
    public let segments: [Segment]
    /// The last segment of each sequence, in order.
    public let ends: [Int]
    /// The places of the tokens of each sequence.
    private let places: [[Int32]]

    /// The number of sequences.
    public var count: Int { places.count }
    /// The length of the longest sequence.
    public var length: Int { places.map(\.count).max() ?? 0 }
    /// The number of computed tokens.
    package var tokenCount: Int { segments.reduce(0) { $0 + $1.length } }

    /// Packs sequences.
    ///
    /// - Parameters:
    ///   - sequences: Token identifiers; none empty.
    ///   - configuration: The decoder that reads them. Where its positions depend on a sequence's
    ///     length, sequences with other positions share nothing.
    public init(_ sequences: [[Int]], for configuration: DecoderConfiguration? = nil) {
        var tree = PrefixTree(sequences, shortest: Self.shortest)
        let order = sequences.indices.sorted {
            sequences[$0] == sequences[$1]
                ? $0 < $1 : sequences[$0].lexicographicallyPrecedes(sequences[$1])
        }
        let groups = Dictionary(grouping: order) {
            configuration?.attention.rotary.regime(ofLength: sequences[$0].count) ?? 0
        }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            tree.add(group[...], from: 0, parent: nil)
        }
        tokens = Tensor(tree.tokens, shape: [tree.tokens.count])
        (segments, ends, places) = (tree.segments, tree.ends, tree.places)
    }

    /// Returns the places of tokens among all that are computed.
    ///
    /// - Parameters:
    ///   - sequence: The index of the sequence.
    ///   - range: The range of its tokens.
    /// - Returns: The rows of the tensors of a forward pass.
    func places(of sequence: Int, _ range: Range<Int>) -> ArraySlice<Int32> {
        places[sequence][range]
    }

    /// The place of the last token of each sequence, `[sequences]`.
    var lastPlaces: Tensor { Tensor(places.compactMap(\.last), shape: [count]) }

    /// The place of each computed token in its sequence, and the length of the longest sequence that
    /// it is part of.
    var positions: [TokenPosition] {
        var (starts, longest) = ([Int](), [Int](repeating: 0, count: segments.count))
        for segment in segments {
            starts.append(segment.parent.map { starts[$0] + segments[$0].length } ?? 0)
        }
        for (end, length) in zip(ends, lengths) { longest[end] = max(longest[end], length) }
        for (index, segment) in segments.enumerated().reversed() {
            if let parent = segment.parent {
                longest[parent] = max(longest[parent], longest[index])
            }
        }
        return segments.indices.flatMap { index in
            (0..<segments[index].length).map {
                TokenPosition(index: starts[index] + $0, length: longest[index])
            }
        }
    }

    /// The length of each sequence.
    var lengths: [Int] { places.map(\.count) }
}

/// Divides sequences into segments.
private struct PrefixTree {
    let sequences: [[Int]]
    let shortest: Int
    var tokens: [Int32] = []
    var segments: [Segment] = []
    var ends: [Int]
    var places: [[Int32]]

    init(_ sequences: [[Int]], shortest: Int) {
        self.sequences = sequences
        self.shortest = shortest
        ends = Array(repeating: 0, count: sequences.count)
        places = Array(repeating: [], count: sequences.count)
    }

    /// Adds sequences with the same beginning.
    ///
    /// - Parameters:
    ///   - group: The sequences, in lexicographic order.
    ///   - start: The length of their common beginning.
    ///   - parent: The segment in which it ends.
    mutating func add(_ group: ArraySlice<Int>, from start: Int, parent: Int?) {
        guard let first = group.first, let last = group.last else { return }
        // What the first and the last sequence share is shared by all of them.
        let common = shared(first, last)
        if group.count == 1 || common - start >= shortest || common == sequences[first].count {
            let segment = append(
                sequences[first][start..<common], of: group, start: start, parent: parent)
            // The sequences that end here come first.
            let rest = group.drop { sequences[$0].count == common }
            add(rest, from: common, parent: segment)
            return
        }
        var begin = group.startIndex
        for index in group.indices {
            let next = index + 1
            if next < group.endIndex, shared(group[index], group[next]) - start >= shortest {
                continue
            }
            add(group[begin..<next], from: start, parent: parent)
            begin = next
        }
    }

    private func shared(_ one: Int, _ other: Int) -> Int {
        zip(sequences[one], sequences[other]).prefix { $0 == $1 }.count
    }

    private mutating func append(
        _ new: ArraySlice<Int>, of group: ArraySlice<Int>, start: Int, parent: Int?
    ) -> Int {
        let first = Int32(tokens.count)
        tokens += new.map { Int32(clamping: $0) }
        segments.append(Segment(length: new.count, parent: parent))
        for sequence in group {
            places[sequence] += first..<Int32(tokens.count)
            ends[sequence] = segments.count - 1
        }
        return segments.count - 1
    }
}
