// SPDX-License-Identifier: Apache-2.0
// What is listed of a defense.

public import Suites

/// What `temper defenses` prints of a defense.
public struct DefenseEntry: Sendable, Hashable {
    /// What a defense may need besides the model and the suite's restricted and benign prompts.
    public enum Need: String, Sendable, Hashable, Codable, CaseIterable {
        /// Compliant answers to restricted prompts.
        case compliantAnswers = "compliant answers"
        /// The facts of a knowledge restriction.
        case facts
        /// Plain prose.
        case retainText = "retain text"
        /// The checkpoint that the model was made from.
        case original
    }

    /// The name by which `temper harden --defense` refers to it.
    public let name: String
    /// One sentence.
    public let summary: String
    /// Where it was published.
    public let source: String
    /// How this implementation departs from its source; empty when it does not.
    public let deviations: String
    /// What a step costs, in passes through the model.
    public let passes: String
    /// What it needs besides the model and the suite's prompts.
    public let needs: [Need]
    /// The safeguard that it is the conventional defense for; nil for others.
    public let conventionalFor: Safeguard?

    /// Describes a defense.
    ///
    /// - Parameters:
    ///   - name: The name by which `temper harden --defense` refers to it.
    ///   - summary: One sentence.
    ///   - source: Where it was published.
    ///   - deviations: How this implementation departs from its source.
    ///   - passes: What a step costs, in passes through the model.
    ///   - needs: What it needs besides the model and the suite's prompts.
    ///   - conventionalFor: The safeguard that it is the conventional defense for, or nil.
    public init(
        name: String, summary: String, source: String, deviations: String = "",
        passes: String = "1 forward and backward", needs: [Need] = [],
        conventionalFor: Safeguard? = nil
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.deviations = deviations
        self.passes = passes
        self.needs = needs
        self.conventionalFor = conventionalFor
    }
}
