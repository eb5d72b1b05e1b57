// SPDX-License-Identifier: Apache-2.0
// The tables of differences from the reference, and of the cost of safeguards in untampered models.

import Records

extension Comparison {
    private var measures: [String] {
        let words = words
        let present = entries.flatMap(\.record.baseline).map(\.measure)
        return words.ordered(
            present.filter { $0 == thresholds.measure || words.isCompared($0) },
            judged: thresholds.measure)
    }

    var differenceTable: Table {
        let headers = ["Model", measureName, "Cost in dollars"]
        return Table(
            caption: "Against \(reference.label), adversary by adversary",
            corner: "Adversary",
            headers: headers.enumerated().map {
                Table.Header(label: $0.element, isText: $0.offset == 0)
            },
            rows: differences.map { difference in
                Table.Row(
                    heading: difference.adversary, subheading: nil, isReference: false,
                    cells: [
                        Table.Cell(
                            label: headers[0], text: difference.entry.label, isText: true),
                        cell(
                            headers[1], difference.rate, corrected: difference.corrected),
                        Table.Cell(
                            label: headers[2], text: text(difference.ratio),
                            small: difference.ratio?.interval.flatMap {
                                $0.lower == $0.upper
                                    ? nil
                                    : "\(NumberText.significant($0.lower)) to "
                                        + "\(NumberText.significant($0.upper))"
                            }),
                    ])
            })
    }

    /// Returns a ratio of costs, as `× 2.1` or `> × 4`.
    func text(_ ratio: CostRatio?) -> String {
        guard let ratio else { return NumberText.missing }
        let value = "× \(NumberText.significant(ratio.value))"
        return switch ratio.kind {
        case .exact: value
        case .atLeast: "> \(value)"
        case .atMost: "< \(value)"
        }
    }

    var differencesRemark: String {
        let tests = differences.compactMap(\.corrected).count
        return "Differences in \(measureName.lowercased()) with Newcombe's 95% interval, over "
            + "shared seeds the lowest and highest bound; p by "
            + testName(differences.compactMap(\.rate))
            + ", the greatest of the seeds', corrected by Holm for all \(tests) differences; a star marks "
            + "p below 0.05. Costs as a multiple of the reference's: seeds are paired, and the "
            + "interval is the bootstrap's over seeds that broke both; “>” where the model was "
            + "never broken, “<” where the reference was not."
    }

    /// The untampered models, each with the model from which it was made.
    var tax: Table {
        let (measures, words) = (measures, words)
        func row(_ name: String, _ note: String?, _ values: [MeasuredValue]) -> Table.Row {
            Table.Row(
                heading: name, subheading: note, isReference: note != nil,
                cells: measures.map { measure in
                    let value = PooledValue(values.first(measure).map { [$0] } ?? [])
                    return Table.Cell(
                        label: words.title(measure), text: value?.text ?? NumberText.missing,
                        small: value?.bounds)
                })
        }
        return Table(
            caption: "The untampered models", corner: "Model",
            headers: measures.map { Table.Header(label: words.title($0)) },
            rows: entries.enumerated().flatMap { index, entry -> [Table.Row] in
                let record = entry.record
                // Models that were made from the same model share its row.
                let isKnown = entries[..<index].contains {
                    $0.record.baseModel == record.baseModel && $0.record.original == record.original
                }
                let original = isKnown ? nil : record.original
                return [
                    original.map {
                        row(record.baseModel?.name ?? "original", "before hardening", $0)
                    },
                    row(entry.label, nil, record.baseline),
                ].compactMap(\.self)
            })
    }

    /// The differences of the untampered models from the reference.
    var taxDifferences: Table {
        let words = words
        // Only shares have an interval of their difference.
        let shares = measures.filter { measure in
            entries.contains { $0.record.baseline.first(measure)?.unit == .fraction }
        }
        let rows = entries.dropFirst().map { entry in
            shares.map { measure -> RateDifference? in
                guard let one = entry.record.baseline.first(measure),
                    let two = reference.record.baseline.first(measure, preferring: one.split),
                    one.split == two.split
                else { return nil }
                return RateDifference(one, minus: two)
            }
        }
        var corrected = holmCorrected(rows.flatMap { $0 }.compactMap { $0?.probability })
            .makeIterator()
        return Table(
            caption: "The untampered models against \(reference.label), Holm-corrected together",
            corner: "Model", headers: shares.map { Table.Header(label: words.title($0)) },
            rows: zip(entries.dropFirst(), rows).map { entry, differences in
                Table.Row(
                    heading: entry.label, subheading: nil, isReference: false,
                    cells: zip(shares, differences).map { measure, difference in
                        cell(
                            words.title(measure), difference,
                            corrected: difference == nil ? nil : corrected.next())
                    })
            })
    }
}
