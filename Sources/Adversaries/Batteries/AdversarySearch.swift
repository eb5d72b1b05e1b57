// SPDX-License-Identifier: Apache-2.0
// The adversaries that one with ranges stands for.

internal import JSONText
package import Records

/// Chooses parameters for an adversary within the ranges that it declares.
package struct AdversarySearch {
    private let adversary: AdversarySpecification
    private let ranges: [(path: String, range: SearchRange)]
    private(set) var estimator: TreeParzenEstimator

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - adversary: An adversary with ranges.
    ///   - trials: How many will be tried; the first quarter at random, ten at most.
    ///   - seed: Decides what is tried.
    /// - Throws: `InputError` for a range that the attack does not take.
    package init(_ adversary: AdversarySpecification, trials: Int, seed: UInt64) throws {
        self.adversary = adversary
        ranges = (adversary.search ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        estimator = TreeParzenEstimator(
            choices: ranges.map { $0.range.choices?.count ?? 0 },
            randomTrials: min(10, (trials + 3) / 4), seed: seed)
        for (path, range) in ranges {
            let place = "\(adversary.name).search.\(path)"
            try range.validate(at: place)
            guard adversary.parameters.value(at: path.split(separator: ".")[...]) != nil else {
                throw InputError(
                    place, "\(adversary.attack) has no such parameter",
                    remedy: "'temper attacks' lists the parameters that it has")
            }
        }
        for index in ranges.indices {
            var place = ranges.map { _ in 0.0 }
            for probe in probes(of: ranges[index].range) {
                place[index] = probe
                do {
                    _ = try AttackCatalogue.attack(for: specification(at: place))
                } catch let error as InputError {
                    throw InputError(
                        "\(adversary.name).search.\(ranges[index].path)",
                        "\(adversary.attack) does not take all of it: \(error.problem)",
                        remedy: "\(error.remedy); whole numbers need \"whole: true\"")
                }
            }
        }
    }

    /// Places that show whether an attack takes a range: every choice, or the ends and between them
    /// a number that is not whole.
    private func probes(of range: SearchRange) -> [Double] {
        guard let count = range.choices?.count else { return [0, 0.314159, 1] }
        return (0..<count).map { (Double($0) + 0.5) / Double(count) }
    }

    /// The searched parameters at a place of the unit cube, by their dotted names.
    package func parameters(at place: [Double]) -> [String: ParameterValue] {
        Dictionary(
            zip(ranges, place).map { ($0.path, $0.range.value(at: $1)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The adversary at a place of the unit cube.
    package func specification(at place: [Double]) -> AdversarySpecification {
        var result = adversary
        result.search = nil
        for (path, value) in parameters(at: place) {
            result.parameters.set(value, at: path.split(separator: ".")[...])
        }
        return result
    }

    /// The place to try next.
    package mutating func suggestion() -> [Double] { estimator.suggestion() }

    /// Adds what a place gave; less is better for the adversary.
    package mutating func add(_ place: [Double], loss: Double) { estimator.add(place, loss: loss) }
}

extension [String: ParameterValue] {
    /// The value at a dotted path, in which a number is a place in a list, counted from 0.
    fileprivate func value(at path: ArraySlice<Substring>) -> ParameterValue? {
        ParameterValue.object(self).value(at: path)
    }

    /// Sets the value at a dotted path that is there.
    fileprivate mutating func set(_ value: ParameterValue, at path: ArraySlice<Substring>) {
        self = ParameterValue.object(self).setting(value, at: path).object ?? self
    }
}

extension ParameterValue {
    fileprivate func value(at path: ArraySlice<Substring>) -> ParameterValue? {
        guard let name = path.first else { return self }
        let inner =
            object?[String(name)]
            ?? list.flatMap { list in
                Int(name).flatMap { list.indices.contains($0) ? list[$0] : nil }
            }
        return inner?.value(at: path.dropFirst())
    }

    fileprivate func setting(
        _ value: ParameterValue, at path: ArraySlice<Substring>
    ) -> ParameterValue {
        guard let name = path.first else { return value }
        if var fields = object, let inner = fields[String(name)] {
            fields[String(name)] = inner.setting(value, at: path.dropFirst())
            return .object(fields)
        }
        if var items = list, let place = Int(name), items.indices.contains(place) {
            items[place] = items[place].setting(value, at: path.dropFirst())
            return .list(items)
        }
        return self
    }
}
