// SPDX-License-Identifier: Apache-2.0
// The names and formats of the parts of a cost.

import Records

extension CostQuantity {
    var title: String {
        switch self {
        case .examples: "Examples"
        case .steps: "Steps"
        case .floatingPointOperations: "FLOPs"
        case .dollars: "Computation, US dollars"
        }
    }

    /// Returns the interval of an adversary's typical cost, where the record has one.
    func interval(_ outcome: AdversaryOutcome) -> Interval? {
        switch self {
        case .examples, .floatingPointOperations: nil
        case .steps: outcome.steps
        case .dollars: outcome.dollars
        }
    }

    func text(_ value: Double) -> String {
        switch self {
        case .dollars: NumberText.dollars(value)
        case .floatingPointOperations: NumberText.significant(value)
        case .examples, .steps: NumberText.whole(value)
        }
    }
}
