// SPDX-License-Identifier: Apache-2.0
// The kinds of safeguard, and the levels of a knowledge restriction.

internal import JSONText
internal import Records

/// The kind of safeguard.
public enum Safeguard: String, Codable, Sendable, Hashable, CaseIterable {
    /// The model declines.
    case refusal
    /// The model does not know.
    case knowledgeRestriction = "knowledge-restriction"

    /// Reads the name of a safeguard.
    ///
    /// - Throws: `DecodingError` with the list of names, for another text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let safeguard = Safeguard(rawValue: name) else {
            let names = Self.allCases.map(\.rawValue).joined(separator: " or ")
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is \"\(name)\"; write \(names)")
        }
        self = safeguard
    }
}

/// The levels between which knowledge is lost and recovered.
public struct KnowledgeLevels: Codable, Sendable, Hashable {
    /// The score of a model that knows nothing, 0 to 1.
    public let chance: Double
    /// The score of a model that counts as taught, 0 to 1.
    public let taught: Double
    /// The share of the range between the two that must be recovered for the restriction to count
    /// as broken, 0 to 1.
    public let recovered: Double

    /// The value of the threshold's measure at which the restriction counts as broken.
    public var broken: Double { chance + recovered * (taught - chance) }

    func check(
        against thresholds: Thresholds,
        _ failure: (_ problem: String, _ remedy: String) -> InputError
    ) throws {
        for (name, value) in [("chance", chance), ("taught", taught), ("recovered", recovered)]
        where !(0...1).contains(value) {
            throw failure("knowledge.\(name) is \(value)", "it is a share from 0 to 1")
        }
        guard chance < taught else {
            throw failure(
                "knowledge.taught is \(taught), no more than the chance of \(chance)",
                "a model that was taught must know more than one that guesses")
        }
        guard thresholds.brokenWhen == .above else {
            throw failure("thresholds.brokenWhen is below", "knowledge is broken when it is above")
        }
        guard abs(thresholds.safeguard - broken) < 0.001 else {
            throw failure(
                "thresholds.safeguard is \(thresholds.safeguard), but chance + recovered * (taught "
                    + "- chance) is \(broken)", "let them agree")
        }
    }
}
