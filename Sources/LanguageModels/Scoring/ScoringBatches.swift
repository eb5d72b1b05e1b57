// SPDX-License-Identifier: Apache-2.0
// Divides scoring into parts that fit in memory.

import Tensors

/// Groups sequences into batches for scoring.
enum ScoringBatches {
    /// The tokens of one forward pass, without counting common beginnings.
    private static let tokens = 2048

    /// Returns groups in which neighbours have common beginnings, so that these are computed once.
    ///
    /// - Parameter sequences: Token identifiers.
    /// - Returns: All indices in lexicographic order of their sequences. Indices of equal sequences
    ///   keep their order.
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
