// SPDX-License-Identifier: Apache-2.0
// Groups of states, and bases of the space that directions span.

import Records

/// Groups points by k-means: Lloyd's iterations from a start by k-means++.
struct StateClusters {
    /// The mean of each group.
    private(set) var centres: [[Double]] = []

    /// Groups points.
    ///
    /// - Parameters:
    ///   - points: The points, all of one dimension.
    ///   - count: The number of groups. If there are fewer points, each is a group.
    ///   - seed: The seed of the start.
    init(of points: [[Double]], count: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        guard let first = points.randomElement(using: &generator) else { return }
        centres = [first]
        while centres.count < min(count, points.count) {
            let distances = points.map { nearest(to: $0).distance }
            var left = Double.random(in: 0..<1, using: &generator) * distances.reduce(0, +)
            let chosen = distances.firstIndex { distance in
                left -= distance
                return left < 0 && distance > 0
            }
            // If all points are on centres, no more centres are needed.
            guard let chosen else { break }
            centres.append(points[chosen])
        }
        var groups: [Int] = []
        for _ in 0..<100 {
            let next = points.map { nearest(to: $0).index }
            if next == groups { break }
            groups = next
            for index in centres.indices {
                let own = points.indices.filter { groups[$0] == index }.map { points[$0] }
                guard !own.isEmpty else { continue }
                centres[index] = own[0].indices.map { coordinate in
                    own.reduce(0) { $0 + $1[coordinate] } / Double(own.count)
                }
            }
        }
    }

    /// Returns the nearest centre, and the square of its distance.
    private func nearest(to point: [Double]) -> (index: Int, distance: Double) {
        var best = (index: 0, distance: Double.infinity)
        for (index, centre) in centres.enumerated() {
            var distance = 0.0
            for (one, other) in zip(point, centre) { distance += (one - other) * (one - other) }
            if distance < best.distance { best = (index, distance) }
        }
        return best
    }
}

/// Returns unit vectors that are orthogonal to each other and span the same space (Gram-Schmidt,
/// twice). A vector that adds less than a thousandth of its norm is left out.
///
/// - Parameter vectors: The vectors. The first ones are changed least.
/// - Returns: The basis.
func orthonormalBasis(of vectors: [[Double]]) -> [[Double]] {
    func product(_ one: [Double], _ other: [Double]) -> Double {
        zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let longest = vectors.map { product($0, $0).squareRoot() }.max() ?? 0
    return vectors.reduce(into: []) { basis, vector in
        var rest = vector
        for _ in 0..<2 {
            for unit in basis {
                let share = product(rest, unit)
                rest = zip(rest, unit).map { $0 - share * $1 }
            }
        }
        let norm = product(rest, rest).squareRoot()
        guard norm > 1e-3 * product(vector, vector).squareRoot(), norm > 1e-5 * longest else {
            return
        }
        basis.append(rest.map { $0 / norm })
    }
}
