// SPDX-License-Identifier: Apache-2.0
// A failed verification: which check failed, on what, and what to do.

import Checkpoints
import JSONText

/// Why a verification failed. Unlike for an `InputError`, the input was readable.
public struct VerificationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of check.
    public enum Check: String, Sendable {
        /// Whether the envelope is signed by a trusted key.
        case signature

        /// Whether the signer's certificate leads to a trusted root and may sign.
        case certificate

        /// Whether the signed content is a well-formed statement of the expected kind.
        case statement

        /// Whether the model's files are the signed ones.
        case files

        /// Whether a transparency log, or a proof from one, is valid.
        case log

        /// Whether a timestamp is of the signature and of a trusted authority.
        case timestamp
    }

    /// The check that failed.
    public let check: Check

    /// The object that failed: a path, a certificate's subject or a place in the statement.
    public let subject: String

    /// What is wrong.
    public let problem: String

    /// What the user can do about it.
    public let remedy: String

    /// Everything in one line, with control characters made visible.
    public var description: String { "\(subject.onOneLine()): \(problem.onOneLine()); \(remedy)" }

    /// Makes a failure.
    ///
    /// - Parameters:
    ///   - check: The check that failed.
    ///   - subject: The object that failed.
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
