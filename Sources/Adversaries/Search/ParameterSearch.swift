// SPDX-License-Identifier: Apache-2.0
// A search of named parameters within ranges, for adversaries and for defenses.

internal import JSONText
package import Records

/// Chooses parameters within ranges by a tree-structured Parzen estimator.
package struct ParameterSearch {
    private let parameters: [String: ParameterValue]
    private let ranges: [(path: String, range: SearchRange)]
    private var estimator: TreeParzenEstimator

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - ranges: The ranges to search, by dotted names.
    ///   - parameters: All parameters, with values for those that are not searched.
    ///   - trials: The number of trials. The first quarter, at most ten, are random.
    ///   - seed: The seed of the choices.
    ///   - place: The place that errors name.
    ///   - kind: The name of the attack or defense.
    ///   - list: The command that lists its parameters.
    ///   - check: Throws an `InputError` for parameters that cannot be used.
    /// - Throws: `InputError` for a range that is not valid, or not accepted.
    package init(
        _ ranges: [String: SearchRange], of parameters: [String: ParameterValue], trials: Int,
        seed: UInt64, place: String, kind: String, list: String,
        check: ([String: ParameterValue]) throws -> Void
    ) throws {
        self.parameters = parameters
        self.ranges = ranges.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        estimator = TreeParzenEstimator(
            choices: self.ranges.map { $0.range.choices?.count ?? 0 },
            randomTrials: min(10, (trials + 3) / 4), seed: seed)
        for (path, range) in self.ranges {
            let place = "\(place).\(path)"
            try range.validate(at: place)
            let value = ParameterValue.object(parameters).value(at: path)
            guard value != nil else {
                throw InputError(
                    place, "\(kind) has no such parameter",
                    remedy: "'\(list)' lists the parameters that it has")
            }
        }
        for index in self.ranges.indices {
            var point = self.ranges.map { _ in 0.0 }
            for probe in Self.probes(of: self.ranges[index].range) {
                point[index] = probe
                do {
                    try check(self.parameters(at: point))
                } catch let error as InputError {
                    throw InputError(
                        "\(place).\(self.ranges[index].path)",
                        "\(kind) does not take all of it: \(error.problem)",
                        remedy: "\(error.remedy); whole numbers need \"whole: true\"")
                }
            }
        }
    }

    /// Returns points that test whether a range is accepted: every choice, or the ends and between
    /// them a number that is not whole.
    private static func probes(of range: SearchRange) -> [Double] {
        guard let count = range.choices?.count else { return [0, 0.314159, 1] }
        return (0..<count).map { (Double($0) + 0.5) / Double(count) }
    }

    /// Returns the searched parameters at a point of the unit cube, by their dotted names.
    package func chosen(at place: [Double]) -> [String: ParameterValue] {
        Dictionary(
            zip(ranges, place).map { ($0.path, $0.range.value(at: $1)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Returns all parameters at a point of the unit cube.
    package func parameters(at place: [Double]) -> [String: ParameterValue] {
        var result = ParameterValue.object(parameters)
        for (path, value) in chosen(at: place) {
            result = result.setting(value, at: path)
        }
        return result.object ?? parameters
    }

    /// Returns the next point to try.
    package mutating func suggestion() -> [Double] { estimator.suggestion() }

    /// Adds the loss of a point; lower is better.
    package mutating func add(_ place: [Double], loss: Double) { estimator.add(place, loss: loss) }
}
