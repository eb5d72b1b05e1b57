// SPDX-License-Identifier: Apache-2.0
// Temper's own measures, in the order in which an evaluation takes them.

internal import JSONText
public import Records

/// Temper's own measures.
public enum MeasureCatalogue {
    /// The measures, in the order in which an evaluation states them.
    public static let measures: [any Measure] =
        [
            RefusalMeasure(),
            ComplianceMeasure(),
            IncoherenceMeasure(),
            UnansweredMeasure(),
            RefusalLogitMeasure(),
            OverRefusalMeasure(),
            BenignRefusalMeasure(),
            LanguageQualityMeasure(),
        ] + ofKnowledge + [
            CapabilityMeasure(),
            WideCapabilityMeasure(),
            PerplexityMeasure(),
            DivergenceMeasure(),
            TrainingLossMeasure(),
        ]

    /// The measures of a model's knowledge. Only these are taken while the model is taught.
    static let ofKnowledge: [any Measure] = [
        RestrictedAccuracyMeasure(),
        RestrictedChoiceMeasure(),
        RestrictedKnowledgeMeasure(),
        RetainedAccuracyMeasure(),
        ConfidentErrorsMeasure(),
        RetainedChoiceMeasure(),
        HallucinationMeasure(),
    ]

    /// The description of each measure, and how reports show it.
    public static var entries: [MeasureEntry] { measures.map { type(of: $0).entry } }

    /// Returns the entries for a record: those of the measures whose numbers it holds.
    ///
    /// - Parameters:
    ///   - values: Every number of the record.
    ///   - additional: The audit's measures other than the catalogue's.
    /// - Returns: The entries, in the order of the catalogue.
    package static func entries(
        of values: some Sequence<MeasuredValue>, and additional: [any Measure]
    ) -> [MeasureEntry] {
        let names = Set(values.lazy.map(\.measure))
        return (measures + additional).map { type(of: $0).entry }.filter { names.contains($0.name) }
    }

    /// Checks the measures of an audit other than the catalogue's.
    ///
    /// - Parameter additional: The measures.
    /// - Throws: `InputError` when two measures share a name, or one has none.
    package static func check(_ additional: [any Measure]) throws {
        var names = Set(entries.map(\.name))
        for measure in additional {
            let name = type(of: measure).entry.name
            if name.isEmpty {
                throw InputError(
                    "measure \(type(of: measure))", "has no name", remedy: "state one in its entry")
            }
            guard names.insert(name).inserted else {
                throw InputError(
                    "measure \(name)", "has the name of another measure",
                    remedy: "give it a name of its own")
            }
        }
    }
}
