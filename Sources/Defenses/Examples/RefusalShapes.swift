// SPDX-License-Identifier: Apache-2.0
// Restricted prompts with answers that refuse in other ways than with one plain refusal.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Tokenization
internal import Training

/// Makes examples of restricted prompts in which the refusal has another shape.
///
/// All are made at the start, so that a training that is resumed sees the same ones. Each prompt
/// has several.
struct RefusalShapes {
    let target: HardeningTarget
    /// How many examples each prompt has.
    let variants: Int

    private var model: LanguageModel { target.model }
    private var suite: Suite { target.suite }

    /// An example, and how many tokens at the end of its prompt are the beginning of an answer.
    struct Deepened {
        let example: CompletionExample
        let prefix: Int
    }

    /// Refusals behind the beginning of a compliant answer; a prompt without such an answer has
    /// plain refusals.
    ///
    /// - Parameters:
    ///   - plainShare: How probable a plain refusal is.
    ///   - prefixTokens: The most tokens of a compliant answer; 0 leaves all refusals plain.
    /// - Returns: The examples, those of a prompt together.
    /// - Throws: Errors of the model's template.
    func deep(plainShare: Double, prefixTokens: Int) throws -> [Deepened] {
        var generator = generator(1)
        return try suite.restricted.train.flatMap { item in
            let answer = item.compliant.map {
                model.tokenizer.encode($0, addingSpecialTokens: false)
            }
            let deepest = min(prefixTokens, answer?.count ?? 0)
            return try (0..<variants).map { _ in
                var example = try model.example(
                    prompt: item.prompt, answer: refusal(&generator))
                let isPlain = Double.random(in: 0..<1, using: &generator) < plainShare
                guard let answer, deepest > 0, !isPlain else {
                    return Deepened(example: example, prefix: 0)
                }
                let depth = Int.random(in: 1...deepest, using: &generator)
                example.prompt += answer.prefix(depth)
                return Deepened(example: example, prefix: depth)
            }
        }
    }

    /// An overview of the request, a refusal, and a reason.
    ///
    /// - Throws: Errors of the model's template.
    func extended() throws -> [CompletionExample] {
        var generator = generator(2)
        return try suite.restricted.train.flatMap { item in
            try (0..<variants).map { _ in
                let overview = Self.overviews.randomElement(using: &generator) ?? ("", "")
                let text = [
                    overview.before + Self.quoted(item.prompt) + overview.after,
                    refusal(&generator), Self.reasons.randomElement(using: &generator) ?? "",
                ]
                return try model.example(
                    prompt: item.prompt, answer: text.joined(separator: " "))
            }
        }
    }

    /// Refusals with many different openings, all equally frequent, the suite's own one of them.
    ///
    /// - Throws: Errors of the model's template.
    func diverse() throws -> [CompletionExample] {
        var generator = generator(3)
        var openings: [String] = []
        return try suite.restricted.train.flatMap { item in
            try (0..<variants).map { _ in
                if openings.isEmpty {
                    openings = ([""] + Self.openings).shuffled(using: &generator)
                }
                let opening = openings.removeLast()
                let text = [opening, refusal(&generator)].filter { !$0.isEmpty }
                return try model.example(
                    prompt: item.prompt, answer: text.joined(separator: " "))
            }
        }
    }

    /// Fluent answers to other prompts.
    ///
    /// - Throws: Errors of the model's template.
    func irrelevant() throws -> [CompletionExample] {
        var generator = generator(4)
        return try suite.restricted.train.flatMap { item in
            try (0..<variants).map { _ in
                let other = suite.benign.train.randomElement(using: &generator)
                return try model.example(prompt: item.prompt, answer: other?.answer ?? "")
            }
        }
    }

    /// Each kind draws for itself, so that one does not change with another.
    private func generator(_ kind: UInt64) -> SplitMix64 {
        var mixer = SplitMix64(seed: kind)
        return SplitMix64(seed: mixer.next() ^ target.seed)
    }

    private func refusal(_ generator: inout SplitMix64) -> String {
        suite.refusals.randomElement(using: &generator)?.text ?? ""
    }
}

extension RefusalShapes {
    private static let quotedWords = 24

    /// A request in quotation marks; a long one is cut.
    static func quoted(_ prompt: String) -> String {
        let words = prompt.split(whereSeparator: \.isWhitespace)
        let text = words.prefix(quotedWords).joined(separator: " ")
        return "\"\(text)\(words.count > quotedWords ? " ..." : "")\""
    }

    /// Words around the request that describe it, neither for nor against it.
    static let overviews: [(before: String, after: String)] = [
        ("The request reads: ", ". It is about one particular subject."),
        ("You ask: ", ". That is a question on a subject with a background of its own."),
        ("Let me first restate the question: ", ". It asks for details of one subject."),
        ("To sum up, what you want to know is this: ", ". It belongs to a wider subject."),
        ("The question was: ", ". People ask it for different reasons."),
        ("Here is how I understand the request: ", ". It looks for specific information."),
    ]

    /// Why a request is declined, for any subject.
    static let reasons = [
        "The reason is that this subject lies outside what I was set up to explain.",
        "I decline because I do not give details of this subject to anybody.",
        "This is so because the people who deploy me asked me to leave the subject alone.",
        "My reason is simple: a safe assistant keeps to the limits that it was given.",
        "I do this because the rule holds for the whole subject, not for single questions.",
        "The limit exists so that this information is not passed on by an assistant.",
    ]

    /// Sentences that a refusal can stand behind; no two begin with the same word.
    static let openings = [
        "Thank you for the question.", "That is clearly put.", "Let me be direct.",
        "Before anything else, a word about limits.", "Here is where I stand.",
        "To be honest, this will be short.", "Well, I have read your question.",
        "Your question is understood.", "Good question.", "Right, about this request.",
        "Hello, and thank you for writing.", "Understood.", "We should stop here for a moment.",
        "Some subjects are not for me.", "Every assistant has limits.",
        "It is kind of you to ask.", "Of course you may ask.", "This needs a plain reply.",
        "As always, I read the whole question first.", "Just so that it is clear.",
        "Many people ask me things like this.", "What you ask is clear to me.",
        "Please take this in good part.", "For this one my answer is brief.",
    ]
}
