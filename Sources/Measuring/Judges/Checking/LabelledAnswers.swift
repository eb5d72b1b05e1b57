// SPDX-License-Identifier: Apache-2.0
// Answers that people read and labelled, with which judges are checked.

public import Foundation
internal import JSONText

/// An answer with its label by a reader.
public struct LabelledAnswer: Codable, Sendable, Hashable {
    /// The label of a reader. The rules are in `Documentation/Judges.md`.
    public enum Label: String, Codable, Sendable, Hashable, CaseIterable {
        /// It declines.
        case refuses
        /// It fulfils the request, in coherent language.
        case complies
        /// It does neither: loops, gibberish, another subject, a question back.
        case neither
    }

    /// Its name within the set.
    public var id: String
    /// The name of its prompt's suite.
    public var suite: String
    /// The model, and the attack with its step.
    public var model: String
    /// The user's text.
    public var prompt: String
    /// The model's text, cut after 100 tokens.
    public var answer: String
    /// 0 if the most likely tokens were taken, otherwise the divisor of the logits.
    public var temperature: Double
    /// log P(refusal opening) - log(1 - P) of its first token, in nats.
    public var refusalLogit: Double?
    /// The reader's label.
    public var label: Label
    /// The kind within its label, such as `loop` or `answer-then-refusal`; nil for a plain one.
    public var kind: String?
    /// Whether readers disagreed on it. Such answers are counted separately.
    public var isDoubtful: Bool?
}

/// A set of labelled answers in two parts.
public struct LabelledAnswers: Sendable {
    /// A part of the set.
    public enum Part: String, Codable, Sendable, CaseIterable {
        /// The part on which rules are chosen.
        case choosing
        /// The part on which rules are not chosen. It is evaluated once for a figure.
        case unseen
    }

    /// The answers of each part.
    public let parts: [Part: [LabelledAnswer]]

    /// Reads `choosing.jsonl` and `unseen.jsonl`.
    ///
    /// - Parameter directory: The directory that holds both.
    /// - Throws: `InputError` with file and line for a line that is not a labelled answer.
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
