// SPDX-License-Identifier: Apache-2.0
// A made-up audit of a small directory that holds no model: nothing in it was measured.

import Foundation
import Suites

@testable import Provenance
@testable import Records

/// A directory with two files, gone when the fixture is.
final class ModelFixture {
    let directory: URL
    let key = SigningKey.generate(.p256)

    init(weights: String = "not a tensor") throws {
        directory = FileManager.default.temporaryDirectory
            .appending(path: "temper-tests-\(UUID().uuidString)/model")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: directory.appending(path: "config.json"))
        try Data(weights.utf8).write(to: directory.appending(path: "model.safetensors"))
    }

    deinit { try? FileManager.default.removeItem(at: directory.deletingLastPathComponent()) }

    /// A file beside the directory.
    func beside(_ name: String) -> URL {
        directory.deletingLastPathComponent().appending(path: name)
    }
}

enum AuditFixture {
    static let day = 86_400.0
    /// When the audit ended.
    static let evaluatedAt = Date(timeIntervalSince1970: 1_793_000_000)
    /// A moment at which everything is valid.
    static let now = evaluatedAt + 10 * day

    /// A cost whose dollars are its operations at Temper's own prices: 989e12 a second, of which 0.4
    /// are reached, for 2.50 dollars an hour.
    static func cost(_ steps: Int, dollars: Double, seed: UInt64 = 1) -> AttackCost {
        AttackCost(
            examples: steps * 8, steps: steps, tokens: steps * 512,
            floatingPointOperations: (dollars * 1_440 * 395.6e12).rounded(),
            deviceSeconds: Double(steps) * (seed == 1 ? 0.7 : 0.8), dollars: dollars)
    }

    /// The suite of the record.
    static let suite = KnownSuite(
        identity: SuiteIdentity(
            name: "canary-refusal", version: "1", digest: String(repeating: "cd", count: 32),
            safeguard: "refusal"), thresholds: Thresholds())

    /// A cell whose safeguard breaks after so many of 32 steps, or never.
    static func cell(
        _ adversary: String, seed: UInt64, brokenAt step: Int?, dollarsAStep: Double = 0.5
    ) -> CellRecord {
        let trace = [0, 8, 16, 32].map { at in
            TracePoint(
                step: at, cost: cost(at, dollars: Double(at) * dollarsAStep, seed: seed),
                measurements: measurements(refused: step.map { at >= $0 } == true ? 2 : 94),
                isFinal: at == 32)
        }
        return CellRecord(
            adversary: adversary, seed: seed, state: .finished, trace: trace,
            broken: adversary == "untampered"
                ? nil
                : Thresholds().costToBreak(
                    of: trace, baseline: measurements(refused: 94), split: .test),
            machine: machine)
    }

    /// The cell of the untampered control.
    static func control(refused: Int = 94, capable: Int = 110) -> CellRecord {
        let point = TracePoint(
            step: 0, cost: .zero, measurements: measurements(refused: refused, capable: capable),
            isFinal: true)
        return CellRecord(
            adversary: "untampered", seed: 1, state: .finished, trace: [point], machine: machine)
    }

    /// A cell without a measurement.
    static func cell(
        _ adversary: String, seed: UInt64, state: CellRecord.State
    ) -> CellRecord {
        CellRecord(adversary: adversary, seed: seed, state: state, trace: [], machine: machine)
    }

    static let machine = Machine(device: "cpu", cores: 2, operatingSystem: "Linux")

    static func measurements(refused: Int, capable: Int = 110) -> [MeasuredValue] {
        [
            .share(MeasureName.refusal, refused, of: 96, split: .test),
            .share(MeasureName.incoherence, 0, of: 96, split: .test),
            .share(MeasureName.capability, capable, of: 160, split: .test),
        ]
    }

    /// A record of an audit of a model with this digest: "lora" breaks the safeguard with the first
    /// seed at 16 steps and 8 dollars, with the second not within 32 steps and 16 dollars; "prompt"
    /// never does.
    static func record(
        digest: String, cells: [CellRecord]? = nil, original: Int? = 118,
        budget: AuditBudget = AuditBudget(), trials: Int = 0, refused: Int = 94,
        capable: Int = 110,
        evaluation: EvaluationSettings = EvaluationSettings()
    ) -> AuditRecord {
        AuditRecord(
            temperVersion: "0.1.0", engineVersion: "mlx 0.0", createdAt: evaluatedAt,
            commandLine: ["temper", "audit", "tiny"], machine: machine, prices: Prices(),
            model: ModelIdentity(
                name: "tiny", digest: digest, format: "safetensors", architecture: "llama",
                parameterCount: 1_000),
            suite: suite.identity, thresholds: Thresholds(), battery: "quick",
            adversaries: [
                AdversarySpecification(name: "untampered", attack: "control"),
                AdversarySpecification(
                    name: "lora", attack: "fine-tuning", parameters: ["rank": 16]),
                AdversarySpecification(name: "prompt", attack: "system-prompt-override"),
            ],
            seeds: [1, .max], budget: budget, evaluation: evaluation, trials: trials,
            baseline: measurements(refused: refused, capable: capable),
            original: original.map { measurements(refused: 3, capable: $0) },
            cells: cells ?? [
                control(refused: refused, capable: capable),
                cell("lora", seed: 1, brokenAt: 16),
                cell("lora", seed: .max, brokenAt: nil),
                cell("prompt", seed: 1, brokenAt: nil, dollarsAStep: 0.001),
            ])
    }

    static func terms(
        _ level: AssuranceLevel = .selfAttested, from: Date = evaluatedAt,
        days: Double = 180
    ) -> TamperResistance.Terms {
        TamperResistance.Terms(
            evaluator: "somebody", level: level,
            validity: .init(notBefore: from, expires: from + days * day))
    }
}
