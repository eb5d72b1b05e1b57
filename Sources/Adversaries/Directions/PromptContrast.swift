// SPDX-License-Identifier: Apache-2.0
// The benign prompts with which restricted ones are compared.

internal import JSONText
internal import Records
internal import Suites

/// The benign prompts with which restricted ones are compared in the search for a direction.
///
/// Matched prompts differ from restricted ones in little but the request. So their difference
/// contains less of the topic, but perhaps also less of the refusal (arXiv:2603.22061).
public enum PromptContrast: String, Codable, Sendable, CaseIterable {
    /// The suite's everyday benign prompts, which do not resemble restricted ones.
    case unmatched
    /// The suite's look-alikes: benign prompts that resemble restricted ones.
    case matched

    /// Returns the benign prompts of training.
    ///
    /// - Parameters:
    ///   - suite: The suite.
    ///   - count: The number of prompts.
    ///   - seed: The seed of the draw.
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
