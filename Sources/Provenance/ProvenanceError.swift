// SPDX-License-Identifier: Apache-2.0
// What is wrong with a key, a certificate or a signature file: which one, and what to do.

import Checkpoints
public import Foundation

/// A fault in what the user gave, told in one line with its place and a remedy.
public struct ProvenanceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file at fault, or words for what has no path.
    public let file: String

    /// What is wrong.
    public let problem: String

    /// What the user can do about it.
    public let remedy: String

    /// Everything in one line, with control characters made visible.
    public var description: String { "\(file.onOneLine()): \(problem.onOneLine()); \(remedy)" }

    /// Tells of a fault.
    ///
    /// - Parameters:
    ///   - file: The path of the file at fault, or words for what has no path.
    ///   - problem: What is wrong.
    ///   - remedy: What the user can do about it.
    public init(_ file: String, _ problem: String, remedy: String) {
        self.file = file
        self.problem = problem
        self.remedy = remedy
    }

    /// Tells of a fault in a file.
    ///
    /// - Parameters:
    ///   - file: The file at fault.
    ///   - problem: What is wrong.
    ///   - remedy: What the user can do about it.
    public init(_ file: URL, _ problem: String, remedy: String) {
        self.init(file.path(percentEncoded: false), problem, remedy: remedy)
    }
}
