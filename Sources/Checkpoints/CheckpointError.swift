// SPDX-License-Identifier: Apache-2.0
// What is wrong with a checkpoint: which file, where in it, and what to do.

import Foundation

/// A fault in a checkpoint's files, told in one line with file, place and remedy.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file or directory at fault.
    public let file: String

    /// Where in the file: a tensor, a key or a byte offset; nil when it is the file as a whole.
    public let place: String?

    /// What is wrong.
    public let problem: String

    /// What the user can do about it.
    public let remedy: String

    /// Everything in one line, with control characters made visible.
    public var description: String {
        let parts = [file, place, "\(problem); \(remedy)"].compactMap { $0 }
        return parts.map { $0.onOneLine() }.joined(separator: ": ")
    }

    /// The system's error number, when a system call failed.
    package let systemError: Int32?

    init(
        _ file: URL, _ place: String? = nil, _ problem: String,
        remedy: String = "the file is damaged or faulty: download or export it again",
        systemError: Int32? = nil
    ) {
        self.file = file.path(percentEncoded: false)
        self.place = place
        self.problem = problem
        self.remedy = remedy
        self.systemError = systemError
    }

    /// A failed system call, told by the operating system's own words.
    init(_ file: URL, failedTo action: String, errno code: Int32, remedy: String) {
        self.init(
            file, nil, "cannot \(action): \(String(cString: strerror(code)))", remedy: remedy,
            systemError: code)
    }
}

extension String {
    /// The text in one line: names come from files, so they are cut and stripped of whatever could
    /// forge lines.
    ///
    /// - Parameter length: How many scalars are kept.
    /// - Returns: The line.
    package func onOneLine(length: Int = 400) -> String {
        var result = ""
        for (count, scalar) in unicodeScalars.enumerated() {
            guard count < length else { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
