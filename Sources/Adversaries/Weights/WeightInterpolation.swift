// SPDX-License-Identifier: Apache-2.0
// Weight interpolation: a point on the line through the model and its base.

internal import JSONText
internal import LanguageModels
public import Records
internal import Tensors
public import Training

/// Moves all weights along the line through the base and the model: W_b + lambda (W - W_b).
///
/// At lambda 0 this is the base, at 1 the model. Values between are an interpolation
/// (arXiv:2109.01903), values outside an extrapolation (arXiv:2404.16792).
public struct WeightInterpolation: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "weight-interpolation",
        summary: "All weights moved along the line through the model and its base.",
        source: "arXiv:2109.01903 between the two, arXiv:2404.16792 beyond them",
        deviations: """
            Both papers look for a better model; here the same line is searched for one without its \
            safeguard.
            """)

    /// The edit is the same for every seed.
    public static let dependsOnSeed = false

    /// The base is the other end of the line.
    public var needsBase: Bool { true }

    /// The position on the line: 0 is the base, 1 the model; -0.5 to 1.5.
    public var lambda = 0.5

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("lambda", lambda, in: -0.5...1.5)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Moves the weights and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        try tamperAlongLine(
            with: target, lambda: lambda, note: "lambda \(lambda)", meter: &meter,
            observer: &observer)
    }
}

extension Attack {
    /// Passes on the model whose weights are W_b + lambda (W - W_b).
    func tamperAlongLine(
        with target: AttackTarget, lambda: Double, note: String, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let (model, base) = try target.modelAndBase(for: Self.entry.name)
        // Written with two products, because then the ends of the line are exact.
        let (own, other) = (Float(lambda), Float(1 - lambda))
        try tamperOnce(
            with: model.configuration.parameters.map(\.name), of: model, operations: 3,
            note: note, meter: &meter, observer: &observer
        ) { name, weight in
            base.weights[name].map { other * $0 + own * weight } ?? weight
        }
    }
}

extension AttackTarget {
    /// Returns the model and the base, with the same parameters in the same shapes.
    ///
    /// If only one of them ties its head to its embedding, the other is untied.
    ///
    /// - Parameter attack: The name of the attack in errors.
    /// - Returns: Both, the base without adapters.
    /// - Throws: `InputError` without a base, or for a base of another shape.
    func modelAndBase(for attack: String) throws -> (model: LanguageModel, base: LanguageModel) {
        guard var base = try base?.fused() else {
            throw InputError(
                attack, "needs the checkpoint that the model was made from",
                remedy: "name it with --original")
        }
        var model = model
        if model.configuration.headIsTied != base.configuration.headIsTied {
            (model, base) = (try model.untyingHead(), try base.untyingHead())
        }
        let shapes = [model, base].map { model in
            Dictionary(
                model.configuration.parameters.map { ($0.name, $0.shape) },
                uniquingKeysWith: { first, _ in first })
        }
        let names = model.configuration.parameters + base.configuration.parameters
        if let name = names.map(\.name).first(where: { shapes[0][$0] != shapes[1][$0] }) {
            let (own, other) = (shapes[0][name], shapes[1][name])
            throw InputError(
                "\(attack), tensor \(name)",
                "is \(own.map { "\($0)" } ?? "missing") in \(model.name) and "
                    + "\(other.map { "\($0)" } ?? "missing") in \(base.name)",
                remedy: "name with --original the checkpoint that the model was made from")
        }
        return (model, base)
    }
}
