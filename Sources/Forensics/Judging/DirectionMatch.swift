// SPDX-License-Identifier: Apache-2.0
// Tests whether a removed direction is a refusal direction of the base.

import Foundation
import JSONText
import Records

/// The directions that a checkpoint lost, each with the nearest refusal direction of the base.
struct DirectionMatch {
    /// The probability that random directions reach the bound of chance.
    static let probability = 1e-3
    /// From this absolute cosine on, directions of several matrices count as one.
    static let oneDirection = 0.9

    let directions: [InspectedDirection]
    /// The comparison in words. It continues the sentence of an operation.
    let summary: String

    /// Compares the removed directions with the candidates.
    ///
    /// - Parameters:
    ///   - findings: The findings. Those of orthogonalisation hold the removed directions.
    ///   - candidates: The base's refusal directions.
    ///   - base: The base's name in messages.
    /// - Throws: `InputError` when no candidate is as wide as the directions.
    init(
        of findings: [TensorFinding], among candidates: [ResidualDirection], readFrom base: String
    ) throws {
        let groups = Self.groups(findings.filter { $0.kinds.contains(.orthogonalised) })
        directions = try groups.map { group in
            let alike = candidates.filter { $0.components.count == group.direction.count }
            let cosines = alike.map { abs(cosine($0.components, group.direction)) }
            guard let place = cosines.indices.max(by: { cosines[$0] < cosines[$1] }) else {
                throw InputError(
                    base,
                    "has no refusal direction \(group.direction.count) wide, as the weights are",
                    remedy: "read them from the model that is compared with")
            }
            return InspectedDirection(
                layers: Set(group.tensors.compactMap(\.entry.layer)).sorted(),
                tensorCount: group.tensors.count, cosine: cosines[place],
                layer: alike[place].layer, position: alike[place].position,
                chance: Self.chance(
                    width: group.direction.count, pairs: alike.count * groups.count))
        }
        summary = Self.summary(directions)
    }

    /// Returns the absolute cosine that the greatest of the pairs of random directions exceeds with
    /// a probability of at most ``probability``.
    ///
    /// For one pair, the probability of exceeding t is below (1 - t^2)^((width - 1) / 2): both are
    /// 1 at t = 0 and 0 at t = 1, and their difference rises before it falls. For several pairs,
    /// dependent or not, the probability is at most the sum.
    static func chance(width: Int, pairs: Int) -> Double {
        guard width > 1, pairs > 0 else { return 1 }
        return (1 - pow(probability / Double(pairs), 2 / Double(width - 1))).squareRoot()
    }

    /// Returns the tensors grouped by direction, the best explained first: each joins the first
    /// group whose direction it shares.
    private static func groups(
        _ findings: [TensorFinding]
    ) -> [(direction: [Float], tensors: [TensorFinding])] {
        var groups: [(direction: [Float], tensors: [TensorFinding])] = []
        let sorted = findings.sorted { ($0.fit?.explained ?? 0) > ($1.fit?.explained ?? 0) }
        for finding in sorted {
            guard let direction = finding.fit?.direction else { continue }
            let place = groups.firstIndex {
                $0.direction.count == direction.count
                    && abs(cosine($0.direction, direction)) > oneDirection
            }
            if let place {
                groups[place].tensors.append(finding)
            } else {
                groups.append((direction, [finding]))
            }
        }
        return groups
    }

    private static func summary(_ directions: [InspectedDirection]) -> String {
        guard let best = directions.max(by: { $0.cosine < $1.cosine }) else { return "" }
        let numbers = String(
            format: "(|cos| %.2f; chance stays below %.2f)", best.cosine, best.chance)
        let matching = directions.count(where: \.matches)
        guard matching > 0 else {
            return directions.count == 1
                ? "it does not match a refusal direction read from the base \(numbers)"
                : "none of \(directions.count) directions matches a refusal direction read from the "
                    + "base, the nearest \(numbers)"
        }
        let place =
            "a refusal direction read from the base at layer \(best.layer), position "
            + "\(best.position) \(numbers)"
        return directions.count == 1
            ? "it matches \(place)"
            : "\(matching) of \(directions.count) directions match refusal directions read from the "
                + "base, the nearest of them \(place)"
    }
}

/// Returns the cosine of the angle between two vectors of the same width.
func cosine(_ first: [Float], _ second: [Float]) -> Double {
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
        product += Double(a) * Double(b)
        left += Double(a) * Double(a)
        right += Double(b) * Double(b)
    }
    return left > 0 && right > 0 ? product / (left * right).squareRoot() : 0
}
