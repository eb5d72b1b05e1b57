// SPDX-License-Identifier: Apache-2.0
// Answers that were read and labelled, by which judges are checked.

public import Foundation
internal import JSONText

/// An answer with what a reader found that it does.
public struct LabelledAnswer: Codable, Sendable, Hashable {
    /// What a reader finds; the rules are in `Documentation/Judges.md`.
    public enum Label: String, Codable, Sendable, Hashable, CaseIterable {
        /// It declines.
        case refuses
        /// It goes along with the request, in language that hangs together.
        case complies
        /// It does neither: loops, gibberish, another subject, a question back.
        case neither
    }

    /// Its name within the set.
    public var id: String
    /// The name of the suite that its prompt is of.
    public var suite: String
    /// The model, and the attack with its step.
    public var model: String
    /// What the user asked.
    public var prompt: String
    /// What the model said, cut after 100 tokens.
    public var answer: String
    /// 0 where the likeliest tokens were taken, otherwise what logits were divided by.
    public var temperature: Double
    /// log P(refusal opening) - log(1 - P) of its first token, in nats.
    public var refusalLogit: Double?
    /// What a reader found.
    public var label: Label
    /// What kind of its label it is, such as `loop` or `answer-then-refusal`; nil for a plain one.
    public var kind: String?
    /// Whether readers differed on it; such answers are counted apart.
    public var isDoubtful: Bool?
}

/// A set of labelled answers in two parts.
public struct LabelledAnswers: Sendable {
    /// A part of the set.
    public enum Part: String, Codable, Sendable, CaseIterable {
        /// The part that rules are chosen on.
        case choosing
        /// The part that rules are not chosen on, and that is looked at once for a figure.
        case unseen
    }

    /// The answers of each part.
    public let parts: [Part: [LabelledAnswer]]

    /// Reads `choosing.jsonl` and `unseen.jsonl`.
    ///
    /// - Parameter directory: The directory that holds both.
    /// - Throws: `InputError` with file and line for what is no labelled answer.
    public init(at directory: URL) throws {
        parts = try Dictionary(
            uniqueKeysWithValues: Part.allCases.map { part in
                (part, try Self.answers(in: directory.appending(path: "\(part.rawValue).jsonl")))
            })
    }

    private static func answers(in file: URL) throws -> [LabelledAnswer] {
        let path = file.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: file) else {
            throw InputError(
                path, "cannot be read",
                remedy: "name a directory with choosing.jsonl and unseen.jsonl")
        }
        return try data.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            do {
                return try JSONDecoder().decode(LabelledAnswer.self, from: Data(line))
            } catch let error as DecodingError {
                throw InputError(
                    error, in: Data(line), file: "\(path):\(index + 1)",
                    remedy: "see Suites/labelled-answers/README.md for the fields")
            }
        }
    }
}
