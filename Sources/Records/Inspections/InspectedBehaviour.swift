// SPDX-License-Identifier: Apache-2.0
// How often a derived checkpoint refuses beside its base, and what weights and behaviour say together.

/// The refusal of a derived model beside that of its claimed base, on the same prompts.
public struct InspectedBehaviour: Codable, Sendable, Hashable {
    /// What became of the base's safeguard.
    public enum Safeguard: String, Codable, Sendable, Hashable, CaseIterable {
        /// Neither behaviour nor weights show that it was weakened.
        case kept
        /// Behaviour or weights show a sign, but not enough.
        case doubtful
        /// It was removed or weakened beyond what benign changes do.
        case removed
        /// The base refuses too little for a loss to be seen.
        case absent
    }

    /// The suite's name and version.
    public let suite: String
    /// The number of restricted prompts.
    public let prompts: Int
    /// The share that the base refuses, 0 to 1.
    public let baseRefusal: Double
    /// The share that the derived model refuses, 0 to 1.
    public let derivedRefusal: Double
    /// The base's share minus the derived one's, paired by prompt, with its interval and test.
    public let gap: RateDifference
    /// The verdict from weights and behaviour together.
    public let safeguard: Safeguard
    /// The verdict in a sentence.
    public let summary: String

    /// Makes a comparison of behaviour.
    public init(
        suite: String, prompts: Int, baseRefusal: Double, derivedRefusal: Double,
        gap: RateDifference, safeguard: Safeguard, summary: String
    ) {
        self.suite = suite
        self.prompts = prompts
        self.baseRefusal = baseRefusal
        self.derivedRefusal = derivedRefusal
        self.gap = gap
        self.safeguard = safeguard
        self.summary = summary
    }
}
