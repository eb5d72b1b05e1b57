// SPDX-License-Identifier: Apache-2.0
// The chat template and its date, as a command line states them.

import ArgumentParser
import CommandLineInterface
import Foundation
import LanguageModels
import Tokenization

/// A chat template instead of the checkpoint's own.
struct TemplateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Use this Jinja chat template instead of the checkpoint's own, which it may lack.",
            valueName: "file"))
    var chatTemplate: String?

    /// Reads the template.
    func template() throws -> ChatTemplate? {
        try chatTemplate.map { try ChatTemplate(contentsOf: URL(fileURLWithPath: $0)) }
    }
}

/// How conversations become a model's text.
struct ConversationOptions: ParsableArguments {
    @OptionGroup var template: TemplateOptions

    @Option(
        help: ArgumentHelp(
            "The date, such as 2026-03-07, for a chat template that asks for it; today by default.",
            valueName: "date"))
    var date: String?

    func validate() throws {
        if let date, day(date) == nil {
            throw ValidationError("--date must be a day such as 2026-03-07")
        }
    }

    /// Reads the form.
    func form() throws -> ConversationForm {
        ConversationForm(template: try template.template(), date: date.flatMap(day))
    }

    /// The options as arguments of another command.
    var arguments: [String] {
        (template.chatTemplate.map { ["--chat-template", $0] } ?? [])
            + (date.map { ["--date", $0] } ?? [])
    }

    private func day(_ text: String) -> Date? {
        guard text.count == 10 else { return nil }
        return try? Date(text, strategy: .iso8601.year().month().day())
    }
}
