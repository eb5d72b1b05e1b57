// SPDX-License-Identifier: Apache-2.0
// The answer "no": which check failed, on what, and what to do.

import Checkpoints
import JSONText

/// Why something was not verified; unlike an `InputError`, the input was readable.
public struct VerificationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was checked.
    public enum Check: String, Sendable {
        /// Whether the envelope is signed by a trusted key.
        case signature

        /// Whether the signer's certificate leads to a trusted root and may sign.
        case certificate

        /// Whether what was signed is a well-formed statement of the expected kind.
        case statement

        /// Whether the model's files are those that were signed.
        case files

        /// Whether a transparency log, or a proof from one, holds.
        case log
    }

    /// The check that failed.
    public let check: Check

    /// What failed it: a path, a certificate's subject or a place in the statement.
    public let subject: String

    /// What is wrong.
    public let problem: String

    /// What the user can do about it.
    public let remedy: String

    /// Everything in one line, with control characters made visible.
    public var description: String { "\(subject.onOneLine()): \(problem.onOneLine()); \(remedy)" }

    /// Says no.
    ///
    /// - Parameters:
    ///   - check: The check that failed.
    ///   - subject: What failed it.
    ///   - problem: What is wrong.
    ///   - remedy: What the user can do about it.
    public init(
        _ check: Check, _ subject: String, _ problem: String,
        remedy: String = "do not use the model; ask its publisher"
    ) {
        self.check = check
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
    }
}
