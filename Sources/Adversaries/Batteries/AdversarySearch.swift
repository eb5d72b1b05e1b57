// SPDX-License-Identifier: Apache-2.0
// The adversaries that an adversary with ranges represents.

package import Records

/// Chooses parameters for an adversary within its ranges.
package struct AdversarySearch {
    private let adversary: AdversarySpecification
    private var search: ParameterSearch

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - adversary: An adversary with ranges.
    ///   - trials: The number of trials. The first quarter, at most ten, are random.
    ///   - seed: The seed of the choices.
    /// - Throws: `InputError` for a range that the attack does not accept.
    package init(_ adversary: AdversarySpecification, trials: Int, seed: UInt64) throws {
        self.adversary = adversary
        search = try ParameterSearch(
            adversary.search ?? [:], of: adversary.parameters, trials: trials, seed: seed,
            place: "\(adversary.name).search", kind: adversary.attack, list: "temper attacks"
        ) { parameters in
            var candidate = adversary
            candidate.parameters = parameters
            _ = try AttackCatalogue.attack(for: candidate)
        }
    }

    /// Returns the searched parameters at a point of the unit cube, by their dotted names.
    package func parameters(at place: [Double]) -> [String: ParameterValue] {
        search.chosen(at: place)
    }

    /// Returns the adversary at a point of the unit cube.
    package func specification(at place: [Double]) -> AdversarySpecification {
        var result = adversary
        result.search = nil
        result.parameters = search.parameters(at: place)
        return result
    }

    /// Returns the next point to try.
    package mutating func suggestion() -> [Double] { search.suggestion() }

    /// Adds the loss of a point. A lower loss is better for the adversary.
    package mutating func add(_ place: [Double], loss: Double) { search.add(place, loss: loss) }
}
