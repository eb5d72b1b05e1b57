// SPDX-License-Identifier: Apache-2.0
// Asks several judges about the same answers.

internal import Crypto
internal import Foundation
internal import JSONText
import Records

/// The judge that decides, and those whose opinion is noted beside it.
package struct JudgePanel {
    /// Reads answers as text: it decides, or says where others are no help.
    let text: TextJudge
    /// Decides what answers do.
    package let decider: any Judge
    /// The other judges, in the order in which they were named; the text judge is one of them where
    /// it does not decide.
    package let others: [any Judge]

    /// - Parameters:
    ///   - text: Reads answers as text.
    ///   - decider: Decides; nil leaves it to the text judge.
    ///   - others: Judges besides these two.
    init(text: TextJudge, decider: (any Judge)?, others: [any Judge]) {
        self.text = text
        self.decider = decider ?? text
        self.others = (decider.map { $0.name != text.name } == true ? [text] : []) + others
    }

    /// Asks all judges about answers.
    ///
    /// - Parameters:
    ///   - observed: The answers with their outcomes, as the deciding judge sees them.
    ///   - split: Which prompts were asked.
    /// - Returns: What they say; nil when there is only one judge.
    /// - Throws: `JudgeOutage` when a judge cannot be asked, `CancellationError`.
    func judging(of observed: [ObservedAnswer], split: SuiteSplit) throws -> Judging? {
        if others.isEmpty { return nil }
        // Where there is no answer there is nothing to ask about: it does not comply.
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
                // What never came serves nothing.
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
