// SPDX-License-Identifier: Apache-2.0
// How the learning rate changes during a training.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How the learning rate changes from step to step, with the meaning of the schedules in Hugging
/// Face transformers.
public enum LearningRateSchedule: Codable, Sendable, Hashable {
    /// The base rate throughout.
    case constant
    /// From the base rate down to zero along a line.
    case linear
    /// From the base rate down to zero along half a cosine.
    case cosine
    /// From zero up to the base rate in so many steps, then another schedule for the others.
    indirect case warmup(steps: Int, then: LearningRateSchedule)

    /// The rate of one step.
    ///
    /// - Parameters:
    ///   - step: The step, from 0.
    ///   - total: How many steps there are.
    ///   - base: The base rate.
    /// - Returns: The learning rate.
    public func rate(at step: Int, of total: Int, base: Float) -> Float {
        let progress = total > 0 ? min(max(Double(step) / Double(total), 0), 1) : 1
        switch self {
        case .constant: return base
        case .linear: return Float(Double(base) * (1 - progress))
        case .cosine: return Float(Double(base) * 0.5 * (1 + cos(.pi * progress)))
        case .warmup(let steps, let then):
            if step < steps { return Float(Double(base) * Double(max(step, 0)) / Double(steps)) }
            return then.rate(at: step - steps, of: total - steps, base: base)
        }
    }
}
