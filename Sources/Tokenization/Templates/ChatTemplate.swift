// SPDX-License-Identifier: Apache-2.0
// Renders conversations with the Jinja templates of models.

public import Foundation
public import JSONText

/// A chat template: the part of Jinja that chat templates use, with the behaviour of transformers.
///
/// Work, memory and nesting of a rendering are limited, whatever the template does. A template
/// reads only its arguments.
public struct ChatTemplate: Sendable {
    /// The template's text.
    public let source: String

    private let statements: [TemplateStatement]

    /// Parses a template.
    ///
    /// - Parameter source: The template's text.
    /// - Throws: An error with line and column when something is wrong or not supported.
    public init(_ source: String) throws(InputError) {
        self.source = source
        statements = try TemplateParser.statements(of: source)
    }

    /// Renders a conversation.
    ///
    /// - Parameters:
    ///   - messages: The conversation.
    ///   - addingGenerationPrompt: Whether to end where the model's answer starts.
    ///   - variables: More variables, such as `bos_token`.
    ///   - date: The date of `strftime_now`, in UTC. Without it the function is not defined, and
    ///     templates that test for it use a fixed date of their own.
    /// - Returns: The text for the model.
    /// - Throws: An error with line and column: raised by the template, made by the template, or
    ///   for exceeding the limits.
    public func render(
        _ messages: [ChatMessage], addingGenerationPrompt: Bool,
        variables: [String: TemplateValue] = [:], date: Date? = nil
    ) throws(InputError) -> String {
        // transformers defines these two for every template.
        var values: [String: RuntimeValue] = ["tools": .none, "documents": .none]
        for (name, value) in variables { values[name] = RuntimeValue(value) }
        values["messages"] = .list(
            of: messages.map { message in
                .dictionary(of: [
                    (.string("role"), .string(message.role)),
                    (.string("content"), .string(message.content)),
                ])
            })
        values["add_generation_prompt"] = .boolean(addingGenerationPrompt)
        return try TemplateRenderer(variables: values, date: date).render(statements)
    }
}
