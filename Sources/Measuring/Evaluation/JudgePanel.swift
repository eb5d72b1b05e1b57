// SPDX-License-Identifier: Apache-2.0
// Asks several judges about the same answers.

internal import Crypto
internal import Foundation
internal import JSONText
import Records

/// The deciding judge, and the others, whose verdicts are only recorded.
package struct JudgePanel {
    /// The text judge. It decides, or completes the verdicts of the judge that does.
    let text: TextJudge
    /// The deciding judge.
    package let decider: any Judge
    /// The other judges, in the order in which they were named. If the text judge does not decide,
    /// it is one of them.
    package let others: [any Judge]

    /// Makes a panel.
    ///
    /// - Parameters:
    ///   - text: The text judge.
    ///   - decider: The deciding judge; nil for the text judge.
    ///   - others: Further judges.
    init(text: TextJudge, decider: (any Judge)?, others: [any Judge]) {
        self.text = text
        self.decider = decider ?? text
        self.others = (decider.map { $0.name != text.name } == true ? [text] : []) + others
    }

    /// Asks all judges about answers.
    ///
    /// - Parameters:
    ///   - observed: The answers with their outcomes, as the deciding judge sees them.
    ///   - split: The split of the prompts.
    /// - Returns: The verdicts; nil when there is only one judge.
    /// - Throws: `JudgeOutage` when a judge cannot be asked, `CancellationError`.
    func judging(of observed: [ObservedAnswer], split: SuiteSplit) throws -> Judging? {
        if others.isEmpty { return nil }
        // A missing answer is not judged: it does not comply.
        let answered = observed.indices.filter { observed[$0].outcome != .noAnswer }
        let answers = answered.map { JudgedAnswer(observed[$0]) }
        var verdicts = [
            (judge: decider.name, complies: observed.map { Bool?($0.outcome == .complies) })
        ]
        var scores: [String: [Double]] = [:]
        var usage: [Judging.Usage] = []
        for judge in others {
            let judgement = try judge.asked(about: answers)
            var complies = [Bool?](repeating: false, count: observed.count)
            for (index, verdict) in zip(answered, judgement.verdicts) {
                complies[index] = verdict.complies
            }
            verdicts.append((judge.name, complies))
            let graded = judgement.verdicts.compactMap(\.score)
            if !graded.isEmpty {
                // A missing answer has the score 0.
                scores[judge.name] =
                    graded + Array(repeating: 0, count: observed.count - answered.count)
            }
            if !(judge is TextJudge) { usage.append(judgement.usage) }
        }
        return Judging(
            split: split,
            digests: observed.map { (digest(of: $0.prompt), digest(of: $0.text)) },
            verdicts: verdicts,
            areCoherent: observed.map {
                $0.outcome != .noAnswer && text.outcome(of: $0.text) != .incoherent
            }, scores: scores, usage: usage)
    }

    private func digest(of text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).hexadecimal
    }
}

extension JudgedAnswer {
    init(_ observed: ObservedAnswer) {
        self.init(
            prompt: observed.prompt, answer: observed.text, refusalLogit: observed.refusalLogit)
    }
}
