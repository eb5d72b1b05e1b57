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

    /// Reads and parses a template.
    ///
    /// - Parameter file: The file, such as `chat_template.jinja`.
    /// - Throws: An error when the file cannot be read, or with line and column when something is
    ///   wrong or not supported.
    public init(contentsOf file: URL) throws(InputError) {
        let path = file.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: file) else {
            throw InputError(
                path, "cannot be read", remedy: "name a file with a Jinja chat template")
        }
        guard let source = String(validating: data, as: UTF8.self) else {
            throw InputError(path, "is not UTF-8", remedy: "name a file with a Jinja chat template")
        }
        do {
            try self.init(source)
        } catch {
            throw InputError("\(path): \(error.place)", error.problem, remedy: error.remedy)
        }
    }

    /// Whether the template mentions `strftime_now`, so that what it writes can depend on the date.
    public var asksForDate: Bool { source.contains("strftime_now") }

    /// Renders a conversation of texts.
    ///
    /// - Parameters:
    ///   - messages: The conversation.
    ///   - addingGenerationPrompt: Whether to end where the model's answer starts.
    ///   - variables: More variables, such as `bos_token` and `tools`.
    ///   - date: The date of `strftime_now`, in UTC. Without it the function is not defined, and
    ///     templates that test for it use a fixed date of their own.
    /// - Returns: The text for the model.
    /// - Throws: An error with line and column: raised by the template, made by the template, or
    ///   for exceeding the limits.
    public func render(
        _ messages: [ChatMessage], addingGenerationPrompt: Bool,
        variables: [String: TemplateValue] = [:], date: Date? = nil
    ) throws(InputError) -> String {
        try render(
            messages: messages.map { ["role": .string($0.role), "content": .string($0.content)] },
            addingGenerationPrompt: addingGenerationPrompt, variables: variables, date: date)
    }

    /// Renders a conversation whose messages have what the template knows: calls of tools,
    /// reasoning, or contents of several parts.
    ///
    /// - Parameters:
    ///   - messages: The conversation: mappings such as
    ///     `["role": "assistant", "content": "", "tool_calls": [...]]`.
    ///   - addingGenerationPrompt: Whether to end where the model's answer starts.
    ///   - variables: More variables, such as `bos_token` and `tools`.
    ///   - date: The date of `strftime_now`, in UTC; without it the function is not defined.
    /// - Returns: The text for the model.
    /// - Throws: As ``render(_:addingGenerationPrompt:variables:date:)`` does.
    public func render(
        messages: [TemplateValue], addingGenerationPrompt: Bool,
        variables: [String: TemplateValue] = [:], date: Date? = nil
    ) throws(InputError) -> String {
        // transformers defines these two for every template.
        var values: [String: TemplateValue] = ["tools": .none, "documents": .none]
        values.merge(variables) { $1 }
        values["messages"] = .array(messages)
        values["add_generation_prompt"] = .boolean(addingGenerationPrompt)
        return try render(variables: values, date: date)
    }

    /// Renders the template with exactly these variables.
    func render(
        variables: [String: TemplateValue], date: Date?
    ) throws(InputError) -> String {
        try TemplateRenderer(variables: variables.mapValues(RuntimeValue.init), date: date)
            .render(statements)
    }
}
