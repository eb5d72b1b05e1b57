// SPDX-License-Identifier: Apache-2.0
// The cells of an audit: every adversary with every seed, under content addresses.

internal import Adversaries
internal import Foundation
internal import JSONText
internal import Records
internal import Tensors

/// Makes the jobs of an audit.
struct AuditPlan: Sendable {
    let model: ModelIdentity
    let base: ModelIdentity?
    let suite: SuiteIdentity
    let otherSuite: SuiteIdentity?
    let thresholds: Thresholds
    let budget: AuditBudget
    let settings: EvaluationSettings
    /// Checks the data and memory of an attack, and returns how many examples of a step are
    /// computed at once (nil for all). Nil skips the check.
    var demand: (@Sendable (any Attack, UInt64) throws -> Int?)?

    /// Returns the untampered control of a model.
    ///
    /// - Parameters:
    ///   - identity: The model.
    ///   - name: The model's name in progress reports.
    /// - Returns: The job.
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    func control(of identity: ModelIdentity, name: String) throws -> CellJob {
        let control = AdversarySpecification(
            name: name, attack: AdversarySpecification.controlAttack)
        var content = try content(of: control, seed: 0)
        content.model = identity.digest
        return try CellJob(adversary: control, role: .control, content: content)
    }

    /// Returns the jobs of an adversary.
    ///
    /// - Parameters:
    ///   - adversary: The adversary, with all its parameters.
    ///   - seeds: The seeds. An adversary that does not depend on them is run with the first.
    ///   - role: The role of the jobs.
    /// - Returns: The jobs in the order of the seeds.
    /// - Throws: `InputError` for an adversary that cannot be run.
    func jobs(
        of adversary: AdversarySpecification, seeds: [UInt64], as role: CellJob.Role = .adversary
    ) throws -> [CellJob] {
        let attack = try AttackCatalogue.attack(for: adversary)
        try check(attack, of: adversary)
        let own = type(of: attack).dependsOnSeed ? seeds : Array(seeds.prefix(1))
        return try own.map { seed in
            var content = try content(of: adversary, seed: seed)
            content.base = attack.needsBase ? base?.digest : nil
            content.otherSuite = attack.needsOtherSuite ? otherSuite?.digest : nil
            content.purpose = role == .trial ? "search" : nil
            var inapplicability: String?
            do {
                content.examplesAtOnce = try demand?(attack, seed)
            } catch let error where Self.isInapplicability(error) {
                inapplicability = "\(error)"
            }
            return try CellJob(
                adversary: adversary, role: role, content: content,
                inapplicability: inapplicability)
        }
    }

    /// Throws if the request lacks something that an adversary needs. Such a mistake has a remedy
    /// and is not a property of the model.
    private func check(_ attack: any Attack, of adversary: AdversarySpecification) throws {
        if attack.needsBase, base == nil {
            throw InputError(
                adversary.name,
                "\(adversary.attack) needs the checkpoint that the model was made from",
                remedy: "name it with --original, or leave this adversary out")
        }
        if attack.needsOtherSuite, otherSuite == nil {
            throw InputError(
                adversary.name, "learns from another domain's restricted prompts",
                remedy: "name a suite that has some with --other-suite, or leave this adversary out"
            )
        }
    }

    private func content(
        of adversary: AdversarySpecification, seed: UInt64
    ) throws -> CellJob.Content {
        CellJob.Content(
            temper: temperVersion, engine: Engine.nameAndVersion, model: model.digest,
            suite: suite.digest, attack: adversary.attack, parameters: adversary.parameters,
            seed: seed,
            budget: try AttackCatalogue.attack(for: adversary).steps(within: budget),
            thresholds: thresholds, settings: settings)
    }

    /// Returns whether an error means that an attack cannot be used on a model, and not that the
    /// machine or the program failed.
    private static func isInapplicability(_ error: any Error) -> Bool {
        !(error is CancellationError) && !(error is TensorError)
    }
}
