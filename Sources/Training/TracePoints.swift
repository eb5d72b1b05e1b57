// SPDX-License-Identifier: Apache-2.0
// After which steps a training offers its model.

/// After which steps a training offers its model.
public enum TracePoints: Sendable, Hashable {
    /// After 1, 2, 4, 8 ... steps and at the end.
    case doubling
    /// After so many steps each time, and at the end.
    case every(Int)
    /// At the end alone.
    case end

    /// Says whether the model is offered after a step.
    ///
    /// - Parameters:
    ///   - step: The step, counted from 1.
    ///   - total: The last step.
    /// - Returns: Whether it is offered.
    public func contains(_ step: Int, of total: Int) -> Bool {
        if step >= total { return true }
        return switch self {
        case .doubling: step.nonzeroBitCount == 1
        case .every(let interval): step.isMultiple(of: interval)
        case .end: false
        }
    }

    /// Counts the offers of a training.
    ///
    /// - Parameter total: The steps of the training.
    /// - Returns: How often the model is offered.
    public func count(of total: Int) -> Int {
        total < 1 ? 0 : (1...total).count { contains($0, of: total) }
    }
}
