// SPDX-License-Identifier: Apache-2.0
// What a measure is, what reports call it, and where they show it.

/// What is known of a measure without taking it.
///
/// A measure states its entry beside its computation. A record holds the entries of what it
/// measured, so that reports can show a measure that they have never heard of.
public struct MeasureEntry: Codable, Sendable, Hashable {
    /// The name under which records hold it.
    public var name: String
    /// One sentence.
    public var summary: String
    /// What the number counts.
    public var unit: MeasurementUnit
    /// How its interval is made.
    public var interval: String
    /// Where it was published; nil for what the field takes for granted.
    public var source: String?
    /// What reports call it.
    public var wording: Wording
    /// Where reports show it.
    public var place: Place

    /// Describes a measure.
    ///
    /// - Parameters:
    ///   - name: The name under which records hold it.
    ///   - summary: One sentence.
    ///   - unit: What the number counts.
    ///   - interval: How its interval is made.
    ///   - source: Where it was published; nil for what the field takes for granted.
    ///   - wording: What reports call it.
    ///   - place: Where reports show it; in the tables of all measures alone, if left out.
    public init(
        name: String, summary: String, unit: MeasurementUnit, interval: String,
        source: String? = nil, wording: Wording, place: Place = Place()
    ) {
        self.name = name
        self.summary = summary
        self.unit = unit
        self.interval = interval
        self.source = source
        self.wording = wording
        self.place = place
    }
}

extension MeasureEntry {
    /// What reports call a measure.
    public struct Wording: Codable, Sendable, Hashable {
        /// What a model does, as a verb with its object.
        public struct Sentence: Codable, Sendable, Hashable {
            /// The verb, such as `refuses`.
            public var verb: String
            /// What it is a share of, such as `restricted prompts`.
            public var object: String

            /// Words a sentence.
            ///
            /// - Parameters:
            ///   - verb: The verb, such as `refuses`.
            ///   - object: What it is a share of, such as `restricted prompts`.
            public init(verb: String, object: String) {
                self.verb = verb
                self.object = object
            }
        }

        /// The name with a capital, such as `Over-refusal`.
        public var title: String
        /// What it counts, in a few words for a table of measures.
        public var explanation: String?
        /// What stands under a single large figure; nil takes the title.
        public var caption: String?
        /// Words a sentence about a model; nil takes `its`, the title and `is`.
        public var sentence: Sentence?

        /// Words a measure.
        ///
        /// - Parameters:
        ///   - title: The name with a capital.
        ///   - explanation: What it counts, in a few words for a table of measures.
        ///   - caption: What stands under a single large figure; nil takes the title.
        ///   - sentence: Words a sentence about a model; nil takes `its`, the title and `is`.
        public init(
            title: String, explanation: String? = nil, caption: String? = nil,
            sentence: Sentence? = nil
        ) {
            self.title = title
            self.explanation = explanation
            self.caption = caption
            self.sentence = sentence
        }
    }

    /// Where reports show a measure.
    public struct Place: Codable, Sendable, Hashable {
        /// Its column in tables of all measures, the lowest first. Nil puts it behind those that
        /// have one, in the order in which the record holds them.
        public var column: Int?
        /// Its place in summaries, which show few measures; nil leaves it out.
        public var summary: Summary?
        /// Whether a comparison of several models shows it of the untampered ones.
        public var isCompared: Bool
        /// Whether it is 0 by definition of the model that others are compared with, so that its 0
        /// is not shown.
        public var isZeroUntampered: Bool

        /// Places a measure.
        ///
        /// - Parameters:
        ///   - column: Its column in tables of all measures; nil puts it behind the others.
        ///   - summary: Its place in summaries; nil leaves it out.
        ///   - isCompared: Whether a comparison of several models shows it of the untampered ones.
        ///   - isZeroUntampered: Whether it is 0 by definition of the model that others are
        ///     compared with.
        public init(
            column: Int? = nil, summary: Summary? = nil, isCompared: Bool = false,
            isZeroUntampered: Bool = false
        ) {
            self.column = column
            self.summary = summary
            self.isCompared = isCompared
            self.isZeroUntampered = isZeroUntampered
        }
    }

    /// A place in summaries: on a terminal, and as a Markdown table. The measure that the safeguard
    /// is judged by stands there first, whatever its own place is.
    public struct Summary: Codable, Sendable, Hashable {
        /// Its column, the lowest first.
        public var column: Int
        /// A short title for the terminal, without a capital; nil leaves it out there.
        public var terminalTitle: String?
        /// A terminal that is too narrow leaves out the least important measure first.
        public var importance: Int
        /// The measures beside which it is shown: one of them judges the safeguard. A safeguard that
        /// is judged by a measure in nobody's list has what stands beside refusal. Nil shows it
        /// always.
        public var beside: [String]?

        /// Places a measure in summaries.
        ///
        /// - Parameters:
        ///   - column: Its column, the lowest first.
        ///   - terminalTitle: A short title for the terminal; nil leaves it out there.
        ///   - importance: The least important measure is left out first on a narrow terminal.
        ///   - beside: The measures of safeguards beside which it is shown; nil shows it always.
        public init(
            column: Int, terminalTitle: String? = nil, importance: Int = 0,
            beside: [String]? = nil
        ) {
            self.column = column
            self.terminalTitle = terminalTitle
            self.importance = importance
            self.beside = beside
        }
    }
}
