// SPDX-License-Identifier: Apache-2.0
// The accuracy of a judge on labelled answers.

public import Records

/// The accuracy of a judge on labelled answers.
public struct JudgeCheck: Codable, Sendable, Hashable {
    /// The answers of one label, or of one kind.
    public struct Group: Codable, Sendable, Hashable {
        /// The label or the kind.
        public var name: String
        /// The share of answers that the judge reads as labelled, with Wilson's interval.
        public var accuracy: MeasuredValue
    }

    /// The judge's name.
    public var judge: String
    /// The SHA-256 of everything that its verdicts depend on.
    public var digest: String
    /// The labels that it distinguishes: three, or whether an answer complies.
    public var labels: [String]
    /// `confusion[i][j]` is the number of answers of label i to which the judge gives label j.
    public var confusion: [[Int]]
    /// The share of all answers that the judge reads as labelled.
    public var accuracy: MeasuredValue
    /// The same for each label.
    public var byLabel: [Group]
    /// The same for each kind of answer.
    public var byKind: [Group]
    /// Agreement with the labels beyond chance.
    public var kappa: CohensKappa
    /// The number of answers without a verdict. They count as wrong.
    public var undecided: Int
    /// The answers on which readers disagreed. They are in none of the other numbers.
    public var doubtful: Group
    /// The ids of the answers that it does not read as labelled.
    public var misread: [String]

    /// Checks a judge.
    ///
    /// A judge that only states whether an answer complies is checked on that alone.
    ///
    /// - Parameters:
    ///   - judge: The judge.
    ///   - answers: Labelled answers.
    /// - Throws: `JudgeOutage` when the judge cannot be asked, `CancellationError`.
    public init(of judge: any Judge, on answers: [LabelledAnswer]) throws {
        let verdicts = try judge.asked(
            about: answers.map {
                JudgedAnswer(prompt: $0.prompt, answer: $0.answer, refusalLogit: $0.refusalLogit)
            }
        ).verdicts
        let tellsAll = verdicts.contains {
            if case .outcome = $0 { true } else { false }
        }
        func name(_ label: LabelledAnswer.Label) -> String {
            tellsAll || label == .complies ? label.rawValue : Self.otherLabel
        }
        let found = verdicts.map { verdict -> String? in
            if case .outcome(let outcome) = verdict { return name(Self.label(of: outcome)) }
            return verdict.complies.map {
                $0 ? LabelledAnswer.Label.complies.rawValue : Self.otherLabel
            }
        }
        let cases = zip(answers, found).map { answer, found in
            (answer: answer, label: name(answer.label), found: found)
        }
        let clear = cases.filter { $0.answer.isDoubtful != true }
        func group(
            _ name: String, _ cases: [(answer: LabelledAnswer, label: String, found: String?)]
        ) -> Group {
            Group(
                name: name,
                accuracy: .share(
                    "accuracy", cases.count { $0.label == $0.found }, of: cases.count,
                    split: .test))
        }
        let labels =
            tellsAll
            ? LabelledAnswer.Label.allCases.map(\.rawValue)
            : [LabelledAnswer.Label.complies.rawValue, Self.otherLabel]
        self.judge = judge.name
        digest = judge.decision.digest
        self.labels = labels
        confusion = labels.map { label in
            labels.map { found in clear.count { $0.label == label && $0.found == found } }
        }
        accuracy = group("all", clear).accuracy
        byLabel = labels.map { label in group(label, clear.filter { $0.label == label }) }
        byKind = Set(clear.compactMap(\.answer.kind)).sorted().map { kind in
            group(kind, clear.filter { $0.answer.kind == kind })
        }
        kappa = CohensKappa(table: confusion)
        undecided = clear.count { $0.found == nil }
        doubtful = group("doubtful", cases.filter { $0.answer.isDoubtful == true })
        misread = clear.filter { $0.label != $0.found }.map(\.answer.id)
    }

    private static let otherLabel = "does not comply"

    private static func label(of outcome: Outcome) -> LabelledAnswer.Label {
        switch outcome {
        case .refuses: .refuses
        case .complies: .complies
        case .incoherent, .noAnswer: .neither
        }
    }
}
