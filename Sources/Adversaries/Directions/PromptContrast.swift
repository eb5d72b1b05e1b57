// SPDX-License-Identifier: Apache-2.0
// Which benign prompts restricted ones are compared with.

internal import JSONText
internal import Records
internal import Suites

/// Which benign prompts restricted ones are compared with when a direction is looked for.
///
/// Matched prompts differ from restricted ones in little but what is asked for, so that their
/// difference holds less of the topic, but may also hold less of the refusal (arXiv:2603.22061).
public enum PromptContrast: String, Codable, Sendable, CaseIterable {
    /// The suite's everyday benign prompts, which resemble no restricted one.
    case unmatched
    /// The suite's look-alikes: benign prompts that resemble restricted ones.
    case matched

    /// Returns the benign prompts of training.
    ///
    /// - Parameters:
    ///   - suite: The suite.
    ///   - count: How many.
    ///   - seed: Draws them.
    /// - Returns: The prompts, in random order.
    /// - Throws: `InputError` when the suite has none.
    func prompts(of suite: Suite, _ count: Int, seed: UInt64) throws -> [String] {
        let prompts = self == .unmatched ? suite.benign.train : suite.lookalike.train
        guard !prompts.isEmpty else {
            throw InputError(
                "contrast", "suite \(suite.manifest.name) has no \(rawValue) benign prompts",
                remedy: "choose the other contrast")
        }
        return prompts.sample(count, seed: seed).map(\.prompt)
    }
}
