// SPDX-License-Identifier: Apache-2.0
// Templates render as transformers renders them.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Chat templates agree with transformers")
struct ChatTemplateTests {
    struct Conversations: Decodable {
        struct Case: Decodable {
            let template: String
            let messages: [ChatMessage]
            let prompt: Bool
            let variables: [String: JSONValue]
            let text: String?
            let error: String?
        }

        let templates: [String: String]
        let cases: [Case]
    }

    struct Expressions: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let source: String
            let text: String?
            let error: String?
            var testDescription: String { source }
        }

        let values: [String: JSONValue]
        let cases: [Case]
    }

    /// JSON whose objects are read with sorted keys, as the golden scripts wrote them.
    struct JSONValue: Decodable {
        let value: TemplateValue

        init(from decoder: any Decoder) throws {
            if let single = try? decoder.singleValueContainer() {
                if single.decodeNil() {
                    value = .none
                    return
                }
                if let boolean = try? single.decode(Bool.self) {
                    value = .boolean(boolean)
                    return
                }
                if let integer = try? single.decode(Int.self) {
                    value = .integer(integer)
                    return
                }
                if let number = try? single.decode(Double.self) {
                    value = .number(number)
                    return
                }
                if let text = try? single.decode(String.self) {
                    value = .string(text)
                    return
                }
                if let list = try? single.decode([JSONValue].self) {
                    value = .array(list.map(\.value))
                    return
                }
            }
            let members = try [String: JSONValue](from: decoder).sorted { $0.key < $1.key }
            value = .dictionary(members.map { TemplateValue.Entry($0.key, $0.value.value) })
        }
    }

    /// 2026-03-07 09:05:04 UTC
    static let date = Date(timeIntervalSince1970: 1_772_874_304)

    @Test("conversations become the same text, or are refused where transformers refuses them")
    func conversations() throws {
        let golden: Conversations = try Goldens.read("chat-templates.json")
        let templates = try golden.templates.mapValues { try ChatTemplate($0) }
        for (index, conversation) in golden.cases.enumerated() {
            var variables = conversation.variables.mapValues(\.value)
            variables["bos_token"] = "<s>"
            variables["eos_token"] = "</s>"
            let name = conversation.template
            let template = try #require(templates[name])
            let result = Result {
                try template.render(
                    conversation.messages, addingGenerationPrompt: conversation.prompt,
                    variables: variables, date: Self.date)
            }
            switch (result, conversation.text) {
            case (.success(let text), let expected?):
                #expect(isSame(text, expected), "\(name), case \(index)")
            case (.failure(let error), nil):
                let message = conversation.error ?? ""
                #expect("\(error)".contains(message), "\(name), case \(index): \(error)")
            case (.success(let text), nil):
                Issue.record("\(name), case \(index): rendered \(visible(text))")
            case (.failure(let error), _?):
                Issue.record("\(name), case \(index): \(error)")
            }
        }
    }

    @Test("expressions and statements have the same results")
    func expressions() throws {
        let golden: Expressions = try Goldens.read("expressions.json")
        let variables = golden.values.mapValues(\.value)
        for example in golden.cases {
            let result = Result {
                try ChatTemplate(example.source).render(
                    [], addingGenerationPrompt: false, variables: variables, date: Self.date)
            }
            switch (result, example.text) {
            case (.success(let text), let expected?):
                #expect(isSame(text, expected), "\(example.source)")
            case (.failure(let error), nil):
                let place = (error as? InputError)?.place
                #expect(place?.contains(": line ") == true, "\(example.source): \(error)")
            case (.success(let text), nil):
                Issue.record(
                    "\(example.source): rendered \(visible(text)), not \(example.error ?? "")")
            case (.failure(let error), _?):
                Issue.record("\(example.source): \(error)")
            }
        }
    }
}
