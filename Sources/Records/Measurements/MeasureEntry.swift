// SPDX-License-Identifier: Apache-2.0
// The description of a measure: its names in reports, and where they show it.

/// The properties of a measure that are known without taking it.
///
/// A measure states its entry beside its computation. A record holds the entries of its measures,
/// so that reports can show measures that they do not know.
public struct MeasureEntry: Codable, Sendable, Hashable {
    /// The name in records.
    public var name: String
    /// One sentence.
    public var summary: String
    /// The unit.
    public var unit: MeasurementUnit
    /// How its interval is computed.
    public var interval: String
    /// Where it was published; nil for common knowledge of the field.
    public var source: String?
    /// The names in reports.
    public var wording: Wording
    /// Where reports show it.
    public var place: Place

    /// Makes the entry of a measure.
    ///
    /// - Parameters:
    ///   - name: The name in records.
    ///   - summary: One sentence.
    ///   - unit: The unit.
    ///   - interval: How its interval is computed.
    ///   - source: Where it was published; nil for common knowledge of the field.
    ///   - wording: The names in reports.
    ///   - place: Where reports show it; by default only in the tables of all measures.
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
    /// The names of a measure in reports.
    public struct Wording: Codable, Sendable, Hashable {
        /// What a model does, as a verb and its object.
        public struct Sentence: Codable, Sendable, Hashable {
            /// The verb, such as `refuses`.
            public var verb: String
            /// What the measure is a share of, such as `restricted prompts`.
            public var object: String

            /// Makes the words of a sentence.
            ///
            /// - Parameters:
            ///   - verb: The verb, such as `refuses`.
            ///   - object: What the measure is a share of, such as `restricted prompts`.
            public init(verb: String, object: String) {
                self.verb = verb
                self.object = object
            }
        }

        /// The capitalised name, such as `Over-refusal`.
        public var title: String
        /// Its meaning, in a few words for a table of measures.
        public var explanation: String?
        /// The caption of a single large figure; nil takes the title.
        public var caption: String?
        /// The words for a sentence about a model; nil takes `its`, the title and `is`.
        public var sentence: Sentence?

        /// Makes the names of a measure.
        ///
        /// - Parameters:
        ///   - title: The capitalised name.
        ///   - explanation: Its meaning, in a few words for a table of measures.
        ///   - caption: The caption of a single large figure; nil takes the title.
        ///   - sentence: The words for a sentence about a model; nil takes `its`, the title and
        ///     `is`.
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
        /// Its column in tables of all measures; the lowest comes first. With nil it comes after
        /// those with a column, in the order of the record.
        public var column: Int?
        /// Its place in summaries, which show few measures; nil omits it.
        public var summary: Summary?
        /// Whether a comparison of several models shows it for the untampered ones.
        public var isCompared: Bool
        /// Whether it is 0 by definition for the model with which others are compared. That 0 is
        /// not shown.
        public var isZeroUntampered: Bool

        /// Makes a place.
        ///
        /// - Parameters:
        ///   - column: Its column in tables of all measures; nil puts it after the others.
        ///   - summary: Its place in summaries; nil omits it.
        ///   - isCompared: Whether a comparison of several models shows it for the untampered ones.
        ///   - isZeroUntampered: Whether it is 0 by definition for the model with which others are
        ///     compared.
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

    /// A place in summaries: on a terminal, and as a Markdown table. The safeguard's measure comes
    /// first there, whatever its own place.
    public struct Summary: Codable, Sendable, Hashable {
        /// Its column; the lowest comes first.
        public var column: Int
        /// A short title for the terminal, not capitalised; nil omits it there.
        public var terminalTitle: String?
        /// Its importance. A narrow terminal omits the least important measure first.
        public var importance: Int
        /// The safeguard's measures with which it is shown. A safeguard's measure that is in no
        /// list has the same measures as refusal. Nil shows it always.
        public var beside: [String]?

        /// Makes a place in summaries.
        ///
        /// - Parameters:
        ///   - column: Its column; the lowest comes first.
        ///   - terminalTitle: A short title for the terminal; nil omits it there.
        ///   - importance: Its importance. A narrow terminal omits the least important measure
        ///     first.
        ///   - beside: The safeguard's measures with which it is shown; nil shows it always.
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
