// SPDX-License-Identifier: Apache-2.0
// Asks several judges about the same answers.

internal import Crypto
internal import Foundation
internal import JSONText
import Records

/// The text judge, which decides, and those whose opinion is noted beside it.
struct JudgePanel {
    let text: TextJudge
    let others: [any Judge]

    /// What all judges say of answers; nil when there is only one judge.
    func judging(of answers: [JudgedAnswer], split: SuiteSplit) throws -> Judging? {
        if others.isEmpty { return nil }
        var verdicts = [(judge: text.name, complies: complies(text.judgement(of: answers)))]
        var usage: [Judging.Usage] = []
        for judge in others {
            let judgement = try asked(judge, about: answers)
            guard judgement.verdicts.count == answers.count else {
                throw InputError(
                    "judge \(judge.name)",
                    "gave \(judgement.verdicts.count) verdicts on \(answers.count) answers",
                    remedy: "give one for each")
            }
            verdicts.append((judge.name, complies(judgement)))
            usage.append(judgement.usage)
        }
        return Judging(
            split: split, digests: answers.map { (digest(of: $0.prompt), digest(of: $0.answer)) },
            verdicts: verdicts, usage: usage)
    }

    private func asked(_ judge: any Judge, about answers: [JudgedAnswer]) throws -> Judgement {
        do {
            return try judge.judgement(of: answers)
        } catch {
            throw JudgeOutage(cause: error)
        }
    }

    private func complies(_ judgement: Judgement) -> [Bool?] {
        judgement.verdicts.map(\.complies)
    }

    private func digest(of text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).hexadecimal
    }
}

/// A judge that could not be asked: it says nothing of the model that was to be judged.
package struct JudgeOutage: Error, CustomStringConvertible {
    /// What the judge threw.
    package let cause: any Error

    /// The line of the cause.
    package var description: String { "\(cause)" }
}
