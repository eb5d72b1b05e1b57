// SPDX-License-Identifier: Apache-2.0
// The parts of an attack's cost that a chart or a comparison can use.

/// A part of an attack's cost.
public enum CostQuantity: String, Codable, Sendable, Hashable, CaseIterable {
    /// The number of distinct examples.
    case examples
    /// Steps of the attack.
    case steps
    /// Floating point operations.
    case floatingPointOperations = "floating-point-operations"
    /// US dollars of computation.
    case dollars

    /// Returns the quantity of a cost.
    public func value(of cost: AttackCost) -> Double {
        switch self {
        case .examples: Double(cost.examples)
        case .steps: Double(cost.steps)
        case .floatingPointOperations: cost.floatingPointOperations
        case .dollars: cost.dollars
        }
    }
}
