// SPDX-License-Identifier: Apache-2.0
// A few values of each matrix of a layer or an expert, by which it is recognised under another
// index.

import Foundation

/// Values sampled from the matrices of one part of a model.
struct Fingerprint {
    /// The rows sampled of a matrix, evenly spaced, and the most values of a row.
    private static let (rows, columns) = (8, 512)

    /// Two parts are related if their similarity is this many standard errors above zero. Of two
    /// unrelated parts it happens once in two million comparisons.
    private static let kinship = 5.0

    /// The centred samples by the matrix's name within the part, each of unit norm.
    private let samples: [String: (shape: [Int], values: [Float])]
    /// The matrices whose samples are all zero.
    let zeros: Set<String>

    /// Reads the samples.
    ///
    /// - Parameters:
    ///   - entries: The part's tensors by their names within it. Vectors are not used.
    ///   - source: Where they are read from.
    /// - Throws: Errors of reading.
    init(_ entries: [String: WeightEntry], of source: any WeightSource) throws {
        var samples: [String: (shape: [Int], values: [Float])] = [:]
        var zeros: Set<String> = []
        for (name, entry) in entries where entry.isMatrix {
            let count = min(Self.rows, entry.rows)
            let places = (0..<count).map { $0 * entry.rows / count }
            var values: [Float] = []
            for row in try source.rows(places, of: entry) { values += row.prefix(Self.columns) }
            source.release(entry, rows: 0..<entry.rows)
            if values.allSatisfy({ $0 == 0 }) { zeros.insert(name) }
            let mean = values.reduce(0, +) / Float(max(1, values.count))
            var square: Float = 0
            for value in values { square += (value - mean) * (value - mean) }
            let scale: Float = square > 0 ? 1 / square.squareRoot() : 0
            samples[name] = (entry.shape, values.map { ($0 - mean) * scale })
        }
        self.samples = samples
        self.zeros = zeros
    }

    /// Returns how similar two parts are.
    ///
    /// - Parameter other: The other part.
    /// - Returns: The mean correlation of the matrices that both have in one shape: 1 for the same
    ///   values; nil if the parts are not related.
    func similarity(to other: Fingerprint) -> Double? {
        var (sum, matrices, values) = (0.0, 0, 0)
        for (name, own) in samples {
            guard let its = other.samples[name], its.shape == own.shape else { continue }
            var product: Float = 0
            for (one, two) in zip(own.values, its.values) { product += one * two }
            sum += Double(product)
            matrices += 1
            values += own.values.count
        }
        guard matrices > 0 else { return nil }
        let similarity = sum / Double(matrices)
        return similarity * Double(values).squareRoot() > Self.kinship ? similarity : nil
    }
}
