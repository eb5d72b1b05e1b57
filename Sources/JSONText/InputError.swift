// SPDX-License-Identifier: Apache-2.0
// The one error for bad input: its place, the problem, and the remedy.

/// Input that was refused: a file, a setting, or a value in one of them.
///
/// The parts quote untrusted files. Each is kept on one line, with control characters made visible,
/// so that a file cannot fake lines of a message.
public struct InputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, and the position in it: `record.json: cells[3].trace[0]`.
    public let place: String

    /// What is wrong there.
    public let problem: String

    /// What the user can do about it.
    public let remedy: String

    /// The operating system's error number, if a system call failed.
    package let systemError: Int32?

    /// The error on one line.
    public var description: String {
        let tail = remedy.isEmpty ? problem : "\(problem); \(remedy)"
        return place.isEmpty ? tail : "\(place): \(tail)"
    }

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - place: The file, setting or value that was refused.
    ///   - problem: What is wrong with it.
    ///   - remedy: What the user can do about it.
    public init(_ place: String, _ problem: String, remedy: String) {
        self.init(file: place, position: "", problem, remedy: remedy)
    }

    /// Makes an error about a position in a file.
    ///
    /// - Parameters:
    ///   - file: The file's path or name.
    ///   - position: A key, a tensor, a line or a byte offset; empty for the file as a whole.
    ///   - problem: What is wrong there.
    ///   - remedy: What the user can do about it.
    public init(file: String, position: String, _ problem: String, remedy: String) {
        self.init(file: file, position: position, problem, remedy: remedy, systemError: nil)
    }

    /// Makes an error about a position in a file, optionally with the system's error number.
    ///
    /// - Parameters:
    ///   - file: The file's path or name.
    ///   - position: A key, a tensor, a line or a byte offset; empty for the file as a whole.
    ///   - problem: What is wrong there.
    ///   - remedy: What the user can do about it.
    ///   - systemError: The value of `errno`.
    package init(
        file: String, position: String, _ problem: String, remedy: String, systemError: Int32?
    ) {
        place = [file, position].filter { !$0.isEmpty }.map { $0.onOneLine() }
            .joined(separator: ": ")
        self.problem = problem.onOneLine(length: Self.longestProblem)
        self.remedy = remedy.onOneLine(length: Self.longestRemedy)
        self.systemError = systemError
    }

    /// The longest problem. It quotes names from files, which may have any length.
    private static let longestProblem = 800

    /// The longest remedy. It may list everything that is supported.
    private static let longestRemedy = 2000
}

extension String {
    /// Returns the text on one line: names come from files, so they are cut, and characters that
    /// could fake lines are removed.
    ///
    /// - Parameter length: The number of scalars to keep.
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
