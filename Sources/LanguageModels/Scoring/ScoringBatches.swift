// SPDX-License-Identifier: Apache-2.0
// How scoring is cut into pieces that fit in memory.

import Tensors

/// Groups what is scored into batches.
enum ScoringBatches {
    /// The tokens of one forward pass, if they had nothing in common.
    private static let tokens = 2048

    /// Groups in which neighbours begin alike, so that it is computed once.
    ///
    /// - Parameter sequences: Token identifiers.
    /// - Returns: All places in lexicographic order; places of equal sequences keep their order.
    static func places(_ sequences: [[Int]]) -> [[Int]] {
        let order = sequences.indices.sorted {
            sequences[$0] == sequences[$1]
                ? $0 < $1 : sequences[$0].lexicographicallyPrecedes(sequences[$1])
        }
        var groups: [[Int]] = []
        var room = 0
        for place in order {
            if groups.isEmpty || sequences[place].count > room {
                groups.append([])
                room = tokens
            }
            groups[groups.count - 1].append(place)
            room -= sequences[place].count
        }
        return groups
    }
}
