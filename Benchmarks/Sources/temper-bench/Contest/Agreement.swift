// SPDX-License-Identifier: Apache-2.0
// Whether both contenders did the same work.

/// How results are compared.
enum Comparison: Sendable {
    /// Every number is the same.
    case identical
    /// Every number is the same up to this share of it, or of 1 where it is smaller.
    case within(Double)
}

/// What a comparison of results found.
struct Agreement: Codable, Sendable {
    /// Whether both sides did the same.
    let holds: Bool
    /// How far they agree, in words.
    let text: String

    /// Compares the results of all rounds row by row; nil when there are none.
    init?(_ temper: [[[Double]]], _ peer: [[[Double]]], by comparison: Comparison) {
        guard !temper.isEmpty, !peer.isEmpty else { return nil }
        let rows = Array(zip(temper.joined(), peer.joined()))
        guard temper.map({ $0.map(\.count) }) == peer.map({ $0.map(\.count) }) else {
            holds = false
            text = "results of different lengths"
            return
        }
        switch comparison {
        case .identical:
            let same = rows.count { $0 == $1 }
            holds = same == rows.count
            text = holds ? "identical" : "\(same) of \(rows.count) rows identical"
        case .within(let bound):
            let distances = rows.flatMap { zip($0, $1) }.map { abs($0 - $1) / max(abs($1), 1) }
            let worst = distances.max() ?? 0
            holds = worst <= bound
            text = "\(holds ? "within" : "off by") \(worst.formatted(significantDigits: 1))"
        }
    }
}
