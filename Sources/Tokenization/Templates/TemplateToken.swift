// SPDX-License-Identifier: Apache-2.0
// The tokens of a template's text.

import JSONText

/// A position in a template's text.
struct TemplatePosition: Sendable, Hashable {
    let line: Int
    let column: Int

    /// Returns an error about this position.
    ///
    /// - Parameters:
    ///   - problem: What is wrong there.
    ///   - remedy: What to do, or what is supported.
    /// - Returns: The error, with line and column.
    func error(_ problem: String, _ remedy: String = "correct the template") -> InputError {
        InputError(
            file: "chat template", position: "line \(line), column \(column)", problem,
            remedy: remedy)
    }
}

/// A piece of a template with its position.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        case text(String)
        case blockStart
        case blockEnd
        case variableStart
        case variableEnd
        case name(String)
        case string(String)
        case integer(Int)
        case number(Double)
        case symbol(String)
        case end

        /// The piece, as an error shows it.
        var description: String {
            switch self {
            case .text: "text"
            case .blockStart: "{%"
            case .blockEnd: "%}"
            case .variableStart: "{{"
            case .variableEnd: "}}"
            case .name(let name): name
            case .string: "a string"
            case .integer, .number: "a number"
            case .symbol(let symbol): symbol
            case .end: "the end of the template"
            }
        }
    }

    let kind: Kind
    let position: TemplatePosition
}
