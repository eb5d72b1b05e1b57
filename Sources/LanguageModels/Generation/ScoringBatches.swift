// SPDX-License-Identifier: Apache-2.0
// How scoring is cut into pieces that fit in memory.

import Tensors

/// Groups what is scored into batches.
enum ScoringBatches {
    /// The tokens of one forward pass, padding included.
    private static let tokens = 2048

    /// Groups of similar length.
    ///
    /// - Parameters:
    ///   - places: What is grouped.
    ///   - lengths: The tokens of each place.
    /// - Returns: All places, shortest first; places of equal length keep their order.
    static func places(_ places: [Int], lengths: [Int]) -> [[Int]] {
        let order = places.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        var groups: [[Int]] = []
        for place in order {
            if let last = groups.last, (last.count + 1) * lengths[place] <= tokens {
                groups[groups.count - 1].append(place)
            } else {
                groups.append([place])
            }
        }
        return groups
    }
}

extension SupervisedRows {
    /// Values of all rows as those of each example.
    func split(_ values: [Float]) -> [[Float]] {
        var rest = values[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
}
