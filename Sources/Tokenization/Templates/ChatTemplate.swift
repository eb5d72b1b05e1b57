// SPDX-License-Identifier: Apache-2.0
// Renders conversations with the Jinja templates that models come with.

public import Foundation
public import JSONText

/// A chat template: the part of Jinja that such templates use, with the meaning that
/// transformers gives it.
///
/// Rendering is bounded in work, memory and nesting, whatever the template does, and it reads
/// nothing but its arguments.
public struct ChatTemplate: Sendable {
    /// The template's text.
    public let source: String

    private let statements: [TemplateStatement]

    /// Parses a template.
    ///
    /// - Parameter source: The template's text.
    /// - Throws: An error with line and column for what is wrong or not supported.
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
    ///   - date: What `strftime_now` tells, in UTC. Without it a template does not see the
    ///     function, and those that look for it use a fixed date of their own.
    /// - Returns: The text for the model.
    /// - Throws: An error with line and column: what the template raises, what it does wrong, or
    ///   that it exceeds the limits.
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
