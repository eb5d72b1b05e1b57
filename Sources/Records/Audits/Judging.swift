// SPDX-License-Identifier: Apache-2.0
// What several judges said of the same answers, and how far they agree.

/// What several judges said of a model's answers to restricted prompts.
///
/// A judge either says what an answer does, or how probable it is that it is unsafe; half and more
/// counts as compliance. Texts are not kept: an answer that judges differ on is flagged by its
/// prompt's place and by digests.
public struct Judging: Codable, Sendable, Hashable {
    /// One judge's verdicts.
    public struct Rate: Codable, Sendable, Hashable {
        /// The judge's name.
        public var judge: String
        /// The share of the answers it has judged that comply, with Wilson's interval.
        public var compliance: MeasuredValue
        /// The share of them that it sees decline: they hang together and do not comply. Nil in an
        /// older record.
        public var refusal: MeasuredValue?
        /// The mean of its scores, where it grades answers from 0 to 1.
        public var meanScore: MeasuredValue?
        /// The share of answers with the full score, where it grades them.
        public var fullCompliance: MeasuredValue?
        /// How many answers it came to no verdict on.
        public var undecided: Int
    }

    /// How far two judges agree, on the answers that both have judged.
    public struct Agreement: Codable, Sendable, Hashable {
        /// The name of one judge.
        public var first: String
        /// The name of the other.
        public var second: String
        /// `table[i][j]` answers: i is 1 where the first judge sees compliance, j where the second
        /// does.
        public private(set) var table: [[Int]]
        /// How many answers they differ on.
        public private(set) var differing: Int
        /// Agreement beyond chance.
        public private(set) var kappa: CohensKappa

        /// How many answers both have judged.
        public var count: Int { table.reduce(0) { $1.reduce($0, &+) } }

        /// Sums up a table.
        public init(first: String, second: String, table: [[Int]]) {
            self.first = first
            self.second = second
            self.table = table
            differing = table.enumerated().reduce(0) { sum, row in
                row.element.enumerated().reduce(sum) {
                    $1.offset == row.offset ? $0 : $0 &+ $1.element
                }
            }
            kappa = CohensKappa(table: table)
        }
    }

    /// An answer that judges differ on.
    public struct Flag: Codable, Sendable, Hashable {
        /// The place of its prompt among the restricted prompts of the split, from 0.
        public var prompt: Int
        /// SHA-256 of the prompt, 64 lowercase hexadecimal digits.
        public var promptDigest: String
        /// SHA-256 of the answer as it was judged.
        public var answerDigest: String
        /// Whether it complies, by judge; without those that came to no verdict.
        public var complies: [String: Bool]
    }

    /// What a judge was asked.
    public struct Usage: Codable, Sendable, Hashable {
        /// The judge's name.
        public var judge: String
        /// How many answers it was shown; attempts that failed are not counted.
        public var calls: Int
        /// Tokens that it read, as an endpoint counts them; 0 when it does not.
        public var promptTokens: Int
        /// Tokens that it wrote, counted likewise.
        public var completionTokens: Int
        /// What that cost, when its prices are known.
        public var dollars: Double?

        /// Holds what a judge was asked.
        public init(
            judge: String, calls: Int = 0, promptTokens: Int = 0, completionTokens: Int = 0,
            dollars: Double? = nil
        ) {
            self.judge = judge
            self.calls = calls
            self.promptTokens = promptTokens
            self.completionTokens = completionTokens
            self.dollars = dollars
        }
    }

    /// Which prompts were asked.
    public var split: SuiteSplit
    /// By judge; the first decides, the others follow in the order in which they were named.
    public var rates: [Rate]
    /// Each two judges.
    public var agreements: [Agreement]
    /// The answers that judges differ on.
    public var flags: [Flag]
    /// What judges were asked beside the one that decides, the text judge left out.
    public var usage: [Usage]

    /// Sums up verdicts.
    ///
    /// - Parameters:
    ///   - split: Which prompts were asked.
    ///   - digests: Of each prompt and its answer.
    ///   - verdicts: Whether each answer complies, by judge; nil where a judge came to no verdict.
    ///   - areCoherent: Whether each answer hangs together, by the text judge; nil if all do.
    ///   - scores: The scores of judges that grade, from 0 to 1, by judge.
    ///   - usage: What judges were asked.
    public init(
        split: SuiteSplit, digests: [(prompt: String, answer: String)],
        verdicts: [(judge: String, complies: [Bool?])], areCoherent: [Bool]? = nil,
        scores: [String: [Double]] = [:], usage: [Usage]
    ) {
        self.split = split
        self.usage = usage
        rates = verdicts.map { judge, complies in
            let decided = complies.compactMap(\.self)
            let declined = complies.enumerated().count { index, complies in
                complies == false && areCoherent?[index] ?? true
            }
            let scores = scores[judge]
            return Rate(
                judge: judge,
                compliance: .share(
                    MeasureName.compliance, decided.count { $0 }, of: decided.count, split: split),
                refusal: .share(
                    MeasureName.refusal, declined, of: decided.count, split: split),
                meanScore: scores.map {
                    .mean("score", of: $0, unit: .score, split: split)
                },
                fullCompliance: scores.map { scores in
                    .share(
                        "full-compliance", scores.count { $0 >= 1 }, of: scores.count, split: split)
                },
                undecided: complies.count - decided.count)
        }
        agreements = verdicts.indices.flatMap { index in
            verdicts[(index + 1)...].map { other in
                var table = [[0, 0], [0, 0]]
                for case (let first?, let second?) in zip(verdicts[index].complies, other.complies)
                {
                    table[first ? 1 : 0][second ? 1 : 0] += 1
                }
                return Agreement(
                    first: verdicts[index].judge, second: other.judge, table: table)
            }
        }
        flags = digests.enumerated().compactMap { place, digest in
            let opinions = verdicts.compactMap { judge, complies in
                complies[place].map { (judge, $0) }
            }
            guard Set(opinions.map(\.1)).count > 1 else { return nil }
            return Flag(
                prompt: place, promptDigest: digest.prompt, answerDigest: digest.answer,
                complies: Dictionary(opinions) { first, _ in first })
        }
    }
}

extension Sequence<Judging.Agreement> {
    /// Returns each two judges over several looks, in the order in which they first come.
    public func pooled() -> [Judging.Agreement] {
        var order: [[String]] = []
        var tables: [[String]: [[Int]]] = [:]
        for agreement in self {
            let pair = [agreement.first, agreement.second]
            if tables[pair] == nil { order.append(pair) }
            let sum = tables[pair] ?? [[0, 0], [0, 0]]
            tables[pair] = zip(sum, agreement.table).map { zip($0, $1).map(&+) }
        }
        return order.map {
            Judging.Agreement(first: $0[0], second: $0[1], table: tables[$0] ?? [[0, 0], [0, 0]])
        }
    }
}
