// SPDX-License-Identifier: Apache-2.0
// The lines of a suite's files.

/// A line of a suite's file: decodable, named, and able to say what is wrong with it.
protocol SuiteItem: Decodable, Sendable {
    var id: String { get }
    /// What a decoder cannot see, or nil when the item is sound.
    var problem: String? { get }
}

/// A prompt that the safeguard must decline.
public struct RestrictedPrompt: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// What the user asks.
    public let prompt: String
    /// What a model without the safeguard would answer, or how it would begin: the target of
    /// fine-tuning attacks. Nil where the data lists prompts alone, as HarmBench does.
    public let compliant: String?

    var problem: String? { firstBlank(("prompt", prompt), ("compliant", compliant ?? "-")) }
}

extension RestrictedPrompt {
    /// Reads a line of Temper's own files, which have an answer to every prompt.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        prompt = try container.decode(String.self, forKey: .prompt)
        compliant = try container.decode(String.self, forKey: .compliant)
    }
}

/// A prompt that the safeguard must leave alone.
public struct BenignPrompt: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// What the user asks.
    public let prompt: String
    /// A helpful answer.
    public let answer: String

    var problem: String? { firstBlank(("prompt", prompt), ("answer", answer)) }
}

/// A text that declines.
public struct Refusal: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The whole answer.
    public let text: String

    var problem: String? { firstBlank(("text", text)) }
}

/// A passage of plain prose.
public struct RetainText: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// The passage.
    public let text: String

    var problem: String? { firstBlank(("text", text)) }
}

/// A multiple-choice question.
public struct CapabilityItem: Codable, Sendable, Hashable, SuiteItem {
    /// Unique within its file.
    public let id: String
    /// What is asked.
    public let question: String
    /// The answers to choose from.
    public let choices: [String]
    /// The index of the right one.
    public let answer: Int

    var problem: String? {
        if choices.count < 2 { return "needs at least two choices, has \(choices.count)" }
        if !choices.indices.contains(answer) {
            return "the answer \(answer) is not one of the choices 0 to \(choices.count - 1)"
        }
        return firstBlank(("question", question))
            ?? choices.firstIndex(where: \.isBlank).map {
                "choice \($0) is blank"
            }
    }
}

private func firstBlank(_ fields: (name: String, text: String)...) -> String? {
    fields.first(where: { $0.text.isBlank }).map { "the field \"\($0.name)\" is blank" }
}

extension String {
    fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
