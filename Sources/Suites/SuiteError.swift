// SPDX-License-Identifier: Apache-2.0
// What is wrong with a suite, and where.

/// A suite that cannot be used.
public struct SuiteError: Error, Sendable, CustomStringConvertible {
    /// The file, or the suite's directory.
    public let file: String
    /// The line of the file, counted from 1, when a line is to blame.
    public let line: Int?
    /// What was wrong and what to do about it.
    public let problem: String

    /// One line: file, line and problem.
    public var description: String {
        line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
}
