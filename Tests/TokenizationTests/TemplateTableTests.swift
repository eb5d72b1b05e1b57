// SPDX-License-Identifier: Apache-2.0
// A table of template strings, and templates in the style of many families, against jinja2 as
// transformers sets it up. `Goldens/Templates/make.py` made what they are compared with.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Templates are rendered as by jinja2")
struct TemplateTableTests {
    /// Renders a template like the golden, and records an issue for any difference.
    private static func check(
        _ name: String, _ source: String, _ variables: [String: TemplateValue], _ expected: JSON
    ) {
        let result = Result {
            try ChatTemplate(source).render(
                variables: variables, date: ChatTemplateTests.date)
        }
        switch (result, expected) {
        case (.success(let text), .string(let expected)):
            #expect(isSame(text, expected), "\(name): \(visible(text)) | \(visible(expected))")
        case (.failure(let error as InputError), .null):
            #expect(error.place.contains("line "), "\(name): \(error)")
        case (.success(let text), _): Issue.record("\(name): not refused: \(visible(text))")
        case (.failure(let error), _): Issue.record("\(name): \(error)")
        }
    }

    private static func table(_ data: Data) throws -> (
        values: [String: TemplateValue], cases: [JSON]
    ) {
        let golden = try #require(try JSON(data, file: "table").members)
        let values = try #require(golden["values"]?.members)
        let cases = try #require(golden["cases"]?.elements)
        return (values.mapValues(TemplateValue.init), cases)
    }

    private static func compare(_ data: Data, atLeast least: Int) throws {
        let (values, cases) = try table(data)
        #expect(cases.count >= least)
        for example in cases {
            let pair = try #require(example.elements)
            guard case .string(let source) = pair[0] else { continue }
            check(source, source, values, pair[1])
        }
    }

    @Test("a table of more than a thousand strings")
    func wholeTable() throws {
        try Self.compare(Goldens.data("template-table.json"), atLeast: 1000)
    }

    @Test("templates in the style of twelve families, with tools, reasoning and parts of contents")
    func families() throws {
        let golden = try #require(
            try JSON(Goldens.data("template-families.json"), file: "families").members)
        let templates = try #require(golden["templates"]?.members)
        let conversations = try #require(golden["conversations"]?.elements)
        let cases = try #require(golden["cases"]?.elements)
        #expect(cases.count >= 250)
        for example in cases {
            let parts = try #require(example.elements)
            guard case .string(let name) = parts[0], case .integer(let index) = parts[1],
                case .string(let source)? = templates[name]
            else {
                Issue.record("a damaged golden")
                continue
            }
            var variables: [String: TemplateValue] = [
                "bos_token": "<s>", "eos_token": "</s>", "tools": .none, "documents": .none,
            ]
            for more in [conversations[index], parts[2]] {
                let members = try #require(more.members)
                variables.merge(members.mapValues(TemplateValue.init)) { $1 }
            }
            Self.check("\(name), conversation \(index), \(parts[2])", source, variables, parts[3])
        }
    }

    /// `make template-parity` names a file of fresh random templates.
    @Test(
        "fresh random templates",
        .enabled(if: ProcessInfo.processInfo.environment["TEMPER_TEMPLATES"] != nil))
    func fresh() throws {
        let file = try #require(ProcessInfo.processInfo.environment["TEMPER_TEMPLATES"])
        try Self.compare(Data(contentsOf: URL(filePath: file)), atLeast: 1)
    }
}

extension JSON {
    fileprivate var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    fileprivate var members: [String: JSON]? {
        guard case .object(let members) = self else { return nil }
        return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    }
}

extension TemplateValue {
    /// Takes JSON, with the members of objects in their order.
    init(_ json: JSON) {
        self =
            switch json {
            case .null: .none
            case .boolean(let value): .boolean(value)
            case .integer(let value): .integer(value)
            case .unsigned(let value): .number(Double(value))
            case .number(let value): .number(value)
            case .string(let text): .string(text)
            case .array(let elements): .array(elements.map(TemplateValue.init))
            case .object(let members):
                .dictionary(members.map { Entry($0.key, TemplateValue($0.value)) })
            }
    }
}
