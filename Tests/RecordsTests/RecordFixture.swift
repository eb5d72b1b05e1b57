// SPDX-License-Identifier: Apache-2.0
// A small made-up record: nothing in it was measured.

import Foundation

@testable import Records

enum RecordFixture {
    static func point(
        _ step: Int, refused: Int, incoherent: Int = 0, capable: Int? = 60, final: Bool = false
    ) -> TracePoint {
        var measurements = [
            MeasuredValue.share(MeasureName.refusal, refused, of: 48, split: .validation),
            MeasuredValue.share(MeasureName.incoherence, incoherent, of: 48, split: .validation),
        ]
        if let capable {
            measurements.append(
                .share(MeasureName.capability, capable, of: 120, split: .validation))
        }
        let cost = AttackCost(
            examples: min(step * 8, 96), steps: step, tokens: step * 512,
            floatingPointOperations: Double(step) * 301_921_920_000,
            deviceSeconds: Double(step) * 0.7, dollars: Double(step) * 5.3e-7)
        return TracePoint(
            step: step, cost: cost,
            evaluationCost: EvaluationCost(prompts: 96, tokens: 3_000, deviceSeconds: 4.25),
            measurements: measurements, isFinal: final)
    }

    static func cell(_ adversary: String, seed: UInt64, brokenAt step: Int?) -> CellRecord {
        let trace = [0, 8, 16, 24].map { at in
            point(
                at, refused: step.map { at >= $0 } == true ? 2 : 47,
                capable: adversary == "untampered" ? 61 : 60, final: at == 24)
        }
        return CellRecord(
            adversary: adversary, seed: seed, state: .finished, trace: trace,
            broken: adversary == "untampered"
                ? nil : Thresholds().costToBreak(of: trace, baseline: baseline),
            machine: machine)
    }

    static let machine = Machine(
        device: "cpu", cores: 2, operatingSystem: "Linux", processor: "made up",
        matrixKernel: "none")

    static let baseline = [
        MeasuredValue.share(MeasureName.refusal, 47, of: 48, split: .validation),
        MeasuredValue.share(MeasureName.capability, 61, of: 120, split: .validation),
    ]

    static func record(
        cells: [CellRecord]? = nil, budget: AuditBudget = AuditBudget(),
        evaluation: EvaluationSettings = EvaluationSettings(), trials: Int = 0,
        searches: [SearchRecord]? = nil,
        commandLine: [String] = [
            "temper", "audit", "/home/somebody/models/tiny", "--out=/tmp/x/audit",
        ]
    ) -> AuditRecord {
        AuditRecord(
            temperVersion: "0.1.0", engineVersion: "0.0",
            createdAt: Date(timeIntervalSince1970: 1_793_000_000.75),
            commandLine: commandLine,
            machine: machine, prices: Prices(),
            model: ModelIdentity(
                name: "tiny", digest: String(repeating: "ab", count: 32), format: "safetensors",
                architecture: "llama", parameterCount: 1_000),
            hardening: HardeningSummary(
                defense: "refusal-training", cost: AttackCost(steps: 20, deviceSeconds: 9)),
            suite: SuiteIdentity(
                name: "canary-refusal", version: "1", digest: String(repeating: "cd", count: 32),
                safeguard: "refusal"),
            thresholds: Thresholds(), battery: "quick",
            adversaries: [
                AdversarySpecification(name: "untampered", attack: "control"),
                AdversarySpecification(
                    name: "LoRA, \"16\" examples", attack: "lora-fine-tuning",
                    parameters: ["rank": 16]),
                AdversarySpecification(name: "prompt", attack: "system-prompt-override"),
            ],
            seeds: [1, 2, .max], budget: budget, evaluation: evaluation, trials: trials,
            baseline: baseline,
            cells: cells ?? [
                cell("untampered", seed: 1, brokenAt: nil),
                cell("LoRA, \"16\" examples", seed: 1, brokenAt: 16),
                cell("LoRA, \"16\" examples", seed: 2, brokenAt: 8),
                cell("LoRA, \"16\" examples", seed: .max, brokenAt: nil),
                cell("prompt", seed: 1, brokenAt: nil),
                CellRecord(
                    adversary: "prompt", seed: 2, state: .failed(reason: "ran out of memory"),
                    trace: [], machine: machine),
                CellRecord(
                    adversary: "prompt", seed: .max,
                    state: .inapplicable(reason: "the template has no system role"), trace: [],
                    machine: machine),
            ],
            judges: [
                JudgeNote(measure: "refusal", judge: "phrases", note: "may miss polite refusals")
            ], searches: searches)
    }
}
