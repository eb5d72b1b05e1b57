// SPDX-License-Identifier: Apache-2.0
// What a language model reports when something it was given cannot be used.

/// Why a configuration, checkpoint, adapter or prompt was refused: where, what and the remedy.
public struct LanguageModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, tensor or argument that was refused, for example `config.json, hidden_size`.
    public let place: String
    /// What is wrong with it.
    public let problem: String
    /// What the user can do about it.
    public let remedy: String

    /// Makes an error of one line.
    ///
    /// - Parameters:
    ///   - place: The file, tensor or argument that was refused.
    ///   - problem: What is wrong with it.
    ///   - remedy: What the user can do about it.
    public init(_ place: String, _ problem: String, remedy: String) {
        self.place = place
        self.problem = problem
        self.remedy = remedy
    }

    /// The error as one line.
    public var description: String { "\(place): \(problem); \(remedy)" }
}
