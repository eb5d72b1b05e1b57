// SPDX-License-Identifier: Apache-2.0
// How a `Split` treats its matches and the text between them.

/// The behaviours of Hugging Face's `Split`.
enum SplitBehaviour: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// Returns the parts of a text.
    ///
    /// - Parameters:
    ///   - length: The length of the text.
    ///   - matches: The pattern's matches, in order.
    ///   - inverted: Whether the text between the matches counts as the matches.
    /// - Returns: The parts in order; some may be empty.
    func split(_ length: Int, at matches: [Range<Int>], _ inverted: Bool) -> [Range<Int>] {
        var pieces: [(range: Range<Int>, isMatch: Bool)] = []
        var position = 0
        for match in matches {
            if position < match.lowerBound {
                pieces.append((position..<match.lowerBound, inverted))
            }
            pieces.append((match, !inverted))
            position = match.upperBound
        }
        if position < length { pieces.append((position..<length, inverted)) }

        switch self {
        case .isolated: return pieces.map(\.range)
        case .removed: return pieces.filter { !$0.isMatch }.map(\.range)
        case .contiguous: return joined(pieces) { $0.isMatch == $1.isMatch }
        case .mergedWithPrevious: return joined(pieces) { !$0.isMatch && $1.isMatch }
        case .mergedWithNext: return joined(pieces) { $0.isMatch && !$1.isMatch }
        }
    }

    /// Joins neighbours for which `belong` holds.
    private func joined(
        _ pieces: [(range: Range<Int>, isMatch: Bool)],
        _ belong: ((range: Range<Int>, isMatch: Bool), (range: Range<Int>, isMatch: Bool)) -> Bool
    ) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for (index, piece) in pieces.enumerated() {
            if index > 0, let last = result.last, belong(pieces[index - 1], piece) {
                result[result.count - 1] = last.lowerBound..<piece.range.upperBound
            } else {
                result.append(piece.range)
            }
        }
        return result
    }
}
