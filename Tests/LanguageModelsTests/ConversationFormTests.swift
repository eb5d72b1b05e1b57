// SPDX-License-Identifier: Apache-2.0
// A chat template and a date that a user states.

import Foundation
import JSONText
import LanguageModels
import TemperFixtures
import Testing
import Tokenization

@Suite("How conversations become text")
struct ConversationFormTests {
    private let template = "{{ strftime_now('%d %b %Y') }}|{{ messages[0].content }}"
    private let messages = [ChatMessage(role: "user", content: "Hello")]

    private func bare() throws -> LanguageModel {
        let tiny = try tinyModel()
        return try LanguageModel(
            name: "bare", configuration: tiny.configuration, weights: tiny.weights,
            tokenizer: tiny.tokenizer)
    }

    @Test("a model without a chat template says how to give it one")
    func noTemplate() throws {
        let error = try #require(throws: InputError.self) {
            try bare().tokens(for: messages, addingGenerationPrompt: true)
        }
        #expect(error.problem == "has no chat template")
        #expect(error.remedy.contains("--chat-template"))
    }

    @Test("a stated template gets the stated day, and the model says which")
    func stated() throws {
        let date = try Date("2026-03-07", strategy: .iso8601.year().month().day())
        let form = ConversationForm(template: try ChatTemplate(template), date: date)
        for model in [
            try bare().conversing(in: form), try bare().conversing(in: form).untyingHead(),
        ] {
            let tokens = try model.tokens(for: messages, addingGenerationPrompt: true)
            #expect(model.tokenizer.decode(tokens) == "07 Mar 2026|Hello")
            #expect(model.statedTemplateDate == "2026-03-07")
            #expect(model.givenTemplateSource == template)
        }
    }

    @Test("by default the day is today, and a template that does not ask leaves it out")
    func today() throws {
        let dated = try bare().conversing(in: ConversationForm(template: ChatTemplate(template)))
        let days = [Date(), Date().addingTimeInterval(-3600)].map {
            $0.formatted(.iso8601.year().month().day())
        }
        #expect(days.contains(dated.statedTemplateDate ?? ""))
        let plain = try tinyModel()
        #expect(plain.statedTemplateDate == nil)
        #expect(plain.givenTemplateSource == nil)
    }

    @Test("a template file that cannot be used is named with the place in it")
    func badFile() throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("template-\(UUID().uuidString).jinja")
        let missing = try #require(throws: InputError.self) { try ChatTemplate(contentsOf: file) }
        #expect(missing.place == file.path && missing.problem == "cannot be read")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("{{ 1 }}\n{% if %}".utf8).write(to: file)
        let wrong = try #require(throws: InputError.self) { try ChatTemplate(contentsOf: file) }
        #expect(wrong.place == "\(file.path): chat template: line 2, column 7")
    }
}
