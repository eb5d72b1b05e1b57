// SPDX-License-Identifier: Apache-2.0
// A battery whose adversaries may spend a multiple of their cost on a control.

internal import Foundation
internal import JSONText
public import Records

extension Battery {
    /// Returns the same battery, in which each adversary that broke a control may take a multiple
    /// of the steps that it needed there. Then a ratio of costs can be shown.
    ///
    /// An adversary keeps its number of steps if that is greater, if it did not break the control,
    /// if it broke it without training, or if its learning rate depends on the number of steps. In
    /// the last case more steps would make it another adversary.
    ///
    /// - Parameters:
    ///   - ratio: The multiple, at least 1.
    ///   - control: The audit of the control, by adversaries of the same names and attacks.
    /// - Returns: The battery, and the names of adversaries that it could not extend.
    /// - Throws: `InputError` when the control was not audited with these adversaries.
    public func extended(
        toRatio ratio: Double, of control: AuditRecord
    ) throws -> (battery: Battery, left: [String]) {
        var left: [String] = []
        let extended = try adversaries.map { adversary -> AdversarySpecification in
            if adversary.isControl { return adversary }
            guard let other = control.adversaries.first(where: { $0.name == adversary.name }),
                other.attack == adversary.attack
            else {
                throw InputError(
                    adversary.name, "was not run on the control, \(control.model.name)",
                    remedy: "audit the control by the battery \(name)")
            }
            guard
                let typical = control.outcomes.first(where: { $0.adversary == adversary.name })?
                    .typical, case .broken(_, let step) = typical, step > 0
            else { return adversary }
            var result = adversary
            let wanted = Int((Double(step) * ratio).rounded(.up))
            if !Self.raise(&result.parameters, to: wanted) { left.append(adversary.name) }
            return result
        }
        return (Battery(self, adversaries: extended), left)
    }

    /// Raises the steps of an attack's parameters. Returns whether it has that many now.
    private static func raise(
        _ parameters: inout [String: ParameterValue], to steps: Int
    ) -> Bool {
        if case .list(let stages) = parameters["stages"], case .object(var last) = stages.last,
            case .object(var inner) = last["parameters"]
        {
            let isRaised = raise(&inner, to: steps)
            last["parameters"] = .object(inner)
            parameters["stages"] = .list(stages.dropLast() + [.object(last)])
            return isRaised
        }
        if case .object(var training) = parameters["training"] {
            let isRaised = raise(&training, to: steps)
            parameters["training"] = .object(training)
            return isRaised
        }
        guard let own = parameters["steps"]?.integer else { return false }
        if own >= steps { return true }
        let schedule = parameters["schedule"]?.string ?? "constant"
        guard schedule == "constant" else { return false }
        parameters["steps"] = .number(Double(steps))
        return true
    }
}
