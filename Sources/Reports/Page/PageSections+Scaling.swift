// SPDX-License-Identifier: Apache-2.0
// What the cheapest attack would take on larger models, by the number of parameters alone.

import Records

extension PageSections {
    /// The sizes of models that readers know, in parameters.
    private static let sizes: [(name: String, parameters: Double)] = [
        ("1 billion parameters", 1e9), ("8 billion", 8e9), ("70 billion", 7e10),
    ]

    /// The cost of the cheapest break of the battery, if it took computation.
    private var scaled: (adversary: String, cost: AttackCost)? {
        guard let outcome = record.batteryOutcome, outcome.cost.isBroken,
            record.model.parameterCount > 0, outcome.cost.cost.floatingPointOperations > 0
        else { return nil }
        return (outcome.adversary, outcome.cost.cost)
    }

    /// Operations, time and dollars of the same steps on larger models.
    var scaling: Table {
        let headers = ["FLOPs", "Time on \(record.prices.accelerator)", "Dollars"]
        let prices = record.prices
        let rows = scaled.map { found in
            Self.sizes.map { size in
                let operations =
                    found.cost.floatingPointOperations * size.parameters
                    / Double(record.model.parameterCount)
                let texts = [
                    NumberText.significant(operations),
                    NumberText.duration(operations / (prices.peakFlops * prices.utilisation)),
                    NumberText.dollars(prices.dollars(forFloatingPointOperations: operations)),
                ]
                return Table.Row(
                    heading: size.name, subheading: nil, isReference: false,
                    cells: zip(headers, texts).map { Table.Cell(label: $0, text: $1) })
            }
        }
        return Table(
            caption: "The steps of \(scaled?.adversary ?? "") on larger models, extrapolated",
            corner: "Model", headers: headers.map { Table.Header(label: $0) }, rows: rows ?? [])
    }

    var scalingRemark: String {
        "This is an extrapolation, not a measurement: the operations of a step grow with the "
            + "parameters (this model has \(NumberText.count(record.model.parameterCount))), and "
            + "a larger model may need more or fewer steps."
    }
}
