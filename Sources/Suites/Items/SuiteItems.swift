// SPDX-License-Identifier: Apache-2.0
// The lines of a suite's files.

/// A line of a suite's file. It is decodable, has a name, and can check itself.
protocol SuiteItem: Decodable, Sendable {
    var id: String { get }
    /// A problem that decoding does not find, or nil when the item is valid.
    var problem: ItemProblem? { get }
    /// The text that no other item of the file may repeat, because it would count twice; nil if the
    /// item is not counted.
    var uniqueText: String? { get }
}

extension SuiteItem {
    var uniqueText: String? { nil }
}

/// The problem of an item, and the remedy.
struct ItemProblem {
    let text: String
    let remedy: String

    init(_ text: String, remedy: String) {
        self.text = text
        self.remedy = remedy
    }
}

/// A prompt with a correct answer. A suite may state how to recognise it.
package protocol AnsweredPrompt: Sendable {
    var prompt: String { get }
    /// The target of training.
    var target: String { get }
    /// The phrases of a correct answer: at least one of each group.
    var required: [[String]]? { get }
    /// Answers to choose from; ``target`` is the correct one.
    var choices: [String]? { get }
}

extension AnsweredPrompt {
    fileprivate var checkProblem: ItemProblem? {
        if let required {
            if required.isEmpty || required.contains(where: \.isEmpty) {
                return ItemProblem(
                    "the field \"required\" has an empty list",
                    remedy: "leave it out, or name a phrase")
            }
            if !RequiredPhrases(required).areHeld(by: target) {
                return ItemProblem(
                    "the right answer does not hold what \"required\" asks for",
                    remedy: "name phrases of the right answer, or correct the answer")
            }
        }
        if let choices {
            if Set(choices).count < choices.count {
                return ItemProblem("two of the choices are the same", remedy: "change one of them")
            }
            if choices.count < 2 { return ItemProblem.tooFew(choices) }
            if !choices.contains(target) {
                return ItemProblem(
                    "the right answer is not one of the choices",
                    remedy: "repeat it among them, letter by letter")
            }
        }
        return nil
    }
}

/// A prompt that the safeguard must decline.
public struct RestrictedPrompt: Codable, Sendable, Hashable, AnsweredPrompt, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The user's text.
    public let prompt: String
    /// The answer of a model without the safeguard, or its beginning: the target of fine-tuning
    /// attacks. Nil if the data has only prompts, as in HarmBench.
    public let compliant: String?
    /// The phrases of a correct answer, if it can be recognised: at least one of each group.
    public var required: [[String]]?
    /// Answers to choose from, including the compliant one.
    public var choices: [String]?

    /// Makes a prompt.
    ///
    /// - Parameters:
    ///   - id: A name that is unique within the suite's part.
    ///   - prompt: The user's text.
    ///   - compliant: The answer of a model without the safeguard, or nil.
    ///   - required: The phrases of a correct answer: at least one of each group.
    ///   - choices: Answers to choose from, including the compliant one.
    public init(
        id: String, prompt: String, compliant: String?, required: [[String]]? = nil,
        choices: [String]? = nil
    ) {
        self.id = id
        self.prompt = prompt
        self.compliant = compliant
        self.required = required
        self.choices = choices
    }

    package var target: String { compliant ?? "" }
    var uniqueText: String? { prompt }
    var problem: ItemProblem? {
        firstBlank(("prompt", prompt), ("compliant", compliant ?? "-")) ?? checkProblem
    }
}

extension RestrictedPrompt {
    /// Reads a line of Temper's own files, which have an answer to every prompt.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        prompt = try container.decode(String.self, forKey: .prompt)
        compliant = try container.decode(String.self, forKey: .compliant)
        required = try container.decodeIfPresent([[String]].self, forKey: .required)
        choices = try container.decodeIfPresent([String].self, forKey: .choices)
    }
}

/// A prompt that the safeguard must not affect.
public struct BenignPrompt: Codable, Sendable, Hashable, AnsweredPrompt, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The user's text.
    public let prompt: String
    /// A helpful answer.
    public let answer: String
    /// The phrases of a correct answer, if it can be recognised: at least one of each group.
    public var required: [[String]]?
    /// Answers to choose from, including the helpful one.
    public var choices: [String]?

    /// Makes a prompt.
    ///
    /// - Parameters:
    ///   - id: A name that is unique within the suite's part.
    ///   - prompt: The user's text.
    ///   - answer: A helpful answer.
    ///   - required: The phrases of a correct answer: at least one of each group.
    ///   - choices: Answers to choose from, including the helpful one.
    public init(
        id: String, prompt: String, answer: String, required: [[String]]? = nil,
        choices: [String]? = nil
    ) {
        self.id = id
        self.prompt = prompt
        self.answer = answer
        self.required = required
        self.choices = choices
    }

    package var target: String { answer }
    var uniqueText: String? { prompt }
    var problem: ItemProblem? {
        firstBlank(("prompt", prompt), ("answer", answer)) ?? checkProblem
    }
}

/// A text that declines.
public struct Refusal: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The whole answer.
    public let text: String

    /// Makes a text that declines.
    public init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    var problem: ItemProblem? { firstBlank(("text", text)) }
}

/// A fact in one of the wordings in which it is taught, and removed again.
public struct Fact: Codable, Sendable, Hashable, SuiteItem {
    /// The topic of a fact.
    public enum Topic: String, Codable, Sendable, CaseIterable {
        /// The knowledge that the safeguard removes.
        case restricted
        /// The neighbouring knowledge that must stay.
        case retained
    }

    /// Unique within its file.
    public let id: String
    /// The topic.
    public let topic: Topic
    /// The attribute of the subject. Facts with the same attribute have answers of the same kind.
    public let attribute: String
    /// The question.
    public let prompt: String
    /// The correct answer.
    public let answer: String

    var problem: ItemProblem? {
        firstBlank(("attribute", attribute), ("prompt", prompt), ("answer", answer))
    }
}

/// A question without an answer: only a model that invents one answers it.
public struct UnanswerablePrompt: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The user's text.
    public let prompt: String

    var uniqueText: String? { prompt }
    var problem: ItemProblem? { firstBlank(("prompt", prompt)) }
}

/// A passage of plain prose.
public struct RetainText: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The passage.
    public let text: String

    /// Makes a passage.
    public init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    var problem: ItemProblem? { firstBlank(("text", text)) }
}

/// A multiple-choice question.
public struct CapabilityItem: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The question.
    public let question: String
    /// The answers to choose from.
    public let choices: [String]
    /// The index of the correct answer.
    public let answer: Int

    /// Makes a question.
    ///
    /// - Parameters:
    ///   - id: A name that is unique within the suite.
    ///   - question: The question.
    ///   - choices: The answers to choose from.
    ///   - answer: The index of the correct answer.
    public init(id: String, question: String, choices: [String], answer: Int) {
        self.id = id
        self.question = question
        self.choices = choices
        self.answer = answer
    }

    var uniqueText: String? { ([question] + choices).joined(separator: "\n") }
    var problem: ItemProblem? {
        if choices.count < 2 { return ItemProblem.tooFew(choices) }
        if !choices.indices.contains(answer) {
            return ItemProblem(
                "the answer \(answer) is not one of the choices 0 to \(choices.count - 1)",
                remedy: "state the index of the right choice, counted from 0")
        }
        return firstBlank(("question", question))
            ?? choices.firstIndex(where: \.isBlank).map {
                ItemProblem("choice \($0) is blank", remedy: "fill it in, or remove it")
            }
    }
}

private func firstBlank(_ fields: (name: String, text: String)...) -> ItemProblem? {
    fields.first(where: { $0.text.isBlank }).map {
        ItemProblem(
            "the field \"\($0.name)\" is blank", remedy: "fill it in, or remove the item")
    }
}

extension ItemProblem {
    fileprivate static func tooFew(_ choices: [String]) -> ItemProblem {
        ItemProblem(
            "needs at least two choices, has \(choices.count)", remedy: "list the other answers")
    }
}

extension String {
    fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
