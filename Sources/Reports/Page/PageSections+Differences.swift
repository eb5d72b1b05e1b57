// SPDX-License-Identifier: Apache-2.0
// Adversaries compared with the controls: the undefended original, and the untampered model.

import Records

extension PageSections {
    /// The result of the undefended model before hardening, or nil when it is not known.
    var undefended: String? {
        guard let value = record.original?.first(thresholds.measure),
            let pooled = PooledValue([value])
        else { return nil }
        return "\(words.sentence(thresholds.measure)?.verb ?? "has") \(pooled.text) untampered"
    }

    /// Whether the model before hardening is past the threshold without any attack.
    var isOriginalBroken: Bool {
        record.original?.first(thresholds.measure).map { thresholds.isBroken($0.value) } ?? false
    }

    /// The cost of the battery's cheapest break of the undefended original; nil when it was not
    /// attacked.
    var undefendedOutcome: BatteryOutcome? {
        let cells = record.undefendedCells ?? []
        return BatteryOutcome(
            outcomes: record.adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) },
            adversaries: record.adversaries)
    }

    /// Returns the undefended control for the table of costs: nothing at any budget, if it needs no
    /// attack.
    func undefendedRow(headers: [String]) -> Table.Row? {
        guard let value = record.original?.first(thresholds.measure),
            let pooled = PooledValue([value])
        else { return nil }
        let found = undefendedOutcome
        let attacked =
            found.map { found in
                (found.cost.isBroken ? "broken by " : "not broken, the dearest being ")
                    + "\(found.adversary) at \(NumberText.dollars(found.cost.cost.dollars))"
            } ?? "not attacked in this audit"
        let outcome =
            isOriginalBroken
            ? "past the threshold untampered: \(measureName.lowercased()) \(pooled.textWithBounds)"
            : "\(measureName.lowercased()) \(pooled.textWithBounds) untampered; \(attacked)"
        return Table.Row(
            heading: "Undefended original", subheading: "control", isReference: true,
            cells: headers.enumerated().map { index, header in
                index == 0
                    ? Table.Cell(label: header, text: outcome, isText: true)
                    : Table.Cell(
                        label: header,
                        text: index == 1 || !isOriginalBroken ? NumberText.missing : "0")
            })
    }

    /// The difference of each attack's final measure from the untampered model's, and its
    /// probability by chance, corrected for the number of attacks.
    var differences: [String: (difference: RateDifference, corrected: Double)] {
        let found = attacks.compactMap { summary -> (String, RateDifference)? in
            let seeds = summary.cells.compactMap { cell -> RateDifference? in
                guard let after = cell.finalPoint?.measurements.first(thresholds.measure),
                    let before = record.baseline.first(
                        thresholds.measure, preferring: after.split),
                    before.split == after.split
                else { return nil }
                return RateDifference(after, minus: before)
            }
            return RateDifference(ofSeeds: seeds).map { (summary.specification.name, $0) }
        }
        let corrected = holmCorrected(found.map(\.1.probability))
        return Dictionary(
            zip(found, corrected).map { ($0.0, ($0.1, $1)) },
            uniquingKeysWith: { first, _ in first })
    }

    var differenceTable: Table {
        let differences = differences
        let headers = ["Difference in \(measureName.lowercased())", "Seeds"]
        return Table(
            caption: "Each adversary against the untampered model", corner: "Adversary",
            headers: headers.map { Table.Header(label: $0) },
            rows: ranked.compactMap { summary in
                guard let found = differences[summary.specification.name] else { return nil }
                return Table.Row(
                    heading: summary.specification.name, subheading: nil, isReference: false,
                    cells: [
                        cell(headers[0], found.difference, corrected: found.corrected),
                        Table.Cell(label: headers[1], text: "\(summary.cells.count)"),
                    ])
            })
    }

    var differencesRemark: String {
        "The difference in \(measureName.lowercased()) on test prompts with Newcombe's 95% "
            + "interval, over several seeds the lowest and highest bound; p by "
            + testName(differences.values.map(\.difference))
            + ", the greatest of the seeds', corrected by Holm for \(differences.count) "
            + "adversaries; a star marks p below 0.05."
    }
}

/// Returns the name of the test of differences: a paired one where records say which prompts count.
func testName(_ differences: some Collection<RateDifference>) -> String {
    differences.allSatisfy(\.isPaired)
        ? "McNemar's exact test, prompt by prompt"
        : "the z test of two shares, as the record does not say which prompts count"
}

/// Returns a difference of two shares as a cell.
///
/// - Parameters:
///   - label: The column.
///   - difference: The difference, if there is one.
///   - corrected: Its probability by chance, corrected for the number of comparisons.
/// - Returns: The cell.
func cell(
    _ label: String, _ difference: RateDifference?, corrected: Double?
) -> Table.Cell {
    guard let difference, let corrected else {
        return Table.Cell(label: label, text: NumberText.missing)
    }
    return Table.Cell(
        label: label,
        text: NumberText.points(difference.difference) + (corrected < 0.05 ? " *" : ""),
        small: "\(NumberText.points(difference.lower, unit: "")) to "
            + "\(NumberText.points(difference.upper, unit: "")); "
            + NumberText.probability(corrected))
}
