// SPDX-License-Identifier: Apache-2.0
// What is wrong with a transparency log, a key of one or a proof.

import Foundation

/// A fault in a log's files, told in one line with file, place and remedy.
public struct LogError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whether the answer is no: what was checked does not hold. Otherwise the input is unusable.
    public let isRefusal: Bool
    /// The file, or what else was read.
    public let subject: String
    /// What is wrong.
    public let problem: String
    /// What can be done about it.
    public let remedy: String

    /// Everything in one line.
    public var description: String { "\(subject): \(problem); \(remedy)" }

    init(_ subject: String, _ problem: String, remedy: String, isRefusal: Bool = false) {
        self.isRefusal = isRefusal
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
    }

    init(_ file: URL, _ problem: String, remedy: String, isRefusal: Bool = false) {
        self.init(
            file.path(percentEncoded: false), problem, remedy: remedy, isRefusal: isRefusal)
    }

    static func system(_ file: URL, _ action: String, remedy: String) -> LogError {
        LogError(file, "cannot \(action): \(String(cString: strerror(errno)))", remedy: remedy)
    }
}
