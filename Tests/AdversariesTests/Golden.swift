// SPDX-License-Identifier: Apache-2.0
// The known answers of reference code, which the scripts beside them made.

import Foundation
import Testing

/// Reads a golden by its name.
func golden<Golden: Decodable>(_ name: String) throws -> Golden {
    let url = try #require(
        Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Goldens"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
}

/// The greatest distance of two lists of numbers; infinite if one is longer or holds a NaN.
func farthest(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { greatest, pair in
        let distance = abs(pair.0 - pair.1)
        return distance.isNaN ? .infinity : max(greatest, distance)
    }
}
