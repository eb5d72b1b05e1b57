// SPDX-License-Identifier: Apache-2.0
// What is wrong with a tokenizer or a chat template, where, and what to do about it.

/// A tokenizer file or chat template that cannot be used as it is.
public struct TokenizationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, or `chat template` for template text.
    public let file: String
    /// The place inside: a JSON path such as `model.merges[3]`, or a line and a column.
    public let place: String
    /// What was found there.
    public let problem: String
    /// What to do, or what is supported instead.
    public let remedy: String
    /// The line in the template, counted from 1; nil for a tokenizer file.
    public let line: Int?
    /// The column in the template in Unicode scalars, counted from 1; nil for a tokenizer file.
    public let column: Int?

    /// The error as one line, with control characters made visible.
    public var description: String {
        let start = place.isEmpty ? file : "\(file): \(place)"
        return Self.printable(start) + ": " + Self.printable(problem)
            + (remedy.isEmpty ? "" : "; " + Self.printable(remedy, longest: 2000))
    }

    init(file: String, place: String, problem: String, remedy: String) {
        self.file = file
        self.place = place
        self.problem = problem
        self.remedy = remedy
        line = nil
        column = nil
    }

    init(line: Int, column: Int, problem: String, remedy: String = "") {
        file = "chat template"
        place = "line \(line), column \(column)"
        self.problem = problem
        self.remedy = remedy
        self.line = line
        self.column = column
    }

    /// Tokens and templates come from a file, so what is quoted of them is cut and stripped of
    /// whatever could forge lines.
    private static func printable(_ text: String, longest: Int = 400) -> String {
        var result = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < longest else { return result + "…" }
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
