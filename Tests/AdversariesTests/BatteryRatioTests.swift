// SPDX-License-Identifier: Apache-2.0
// Batteries that run to a multiple of what a control cost.

import Foundation
import JSONText
import Testing

@testable import Adversaries
@testable import Records

@Suite("A battery that runs to a ratio")
struct BatteryRatioTests {
    private static let yaml = """
        name: b
        adversaries:
          - {name: control, attack: control}
          - {name: lora, attack: fine-tuning, parameters: {training: {steps: 16}}}
          - {name: cosine, attack: fine-tuning, parameters: {training: {steps: 16, schedule: cosine}}}
          - {name: vector, attack: latent-perturbation, parameters: {steps: 5}}
          - {name: words, attack: system-prompt-override}
          - name: twice
            attack: composed
            parameters:
              stages:
                - {attack: weight-noise}
                - {attack: fine-tuning, parameters: {training: {steps: 2}}}
        """

    private let battery: Battery

    init() throws { battery = try Battery(yaml: Data(Self.yaml.utf8), file: "b.yaml") }

    /// The record of a control that every adversary broke at a step.
    private func control(brokenAt step: Int, without name: String? = nil) -> AuditRecord {
        let adversaries = battery.adversaries.filter { $0.name != name }
        let thresholds = Thresholds()
        let cells = adversaries.map { adversary -> CellRecord in
            let trace = [
                TracePoint(
                    step: step, cost: AttackCost(steps: step), evaluationCost: .zero,
                    measurements: [.share(MeasureName.refusal, 0, of: 48, split: .test)],
                    isFinal: true)
            ]
            return CellRecord(
                adversary: adversary.name, seed: 1, state: .finished, trace: trace,
                broken: adversary.isControl
                    ? nil : thresholds.costToBreak(of: trace, baseline: [], split: .test),
                machine: Machine(
                    device: "cpu", cores: 1, operatingSystem: "none", processor: nil,
                    matrixKernel: "none"))
        }
        return AuditRecord(
            temperVersion: "0", engineVersion: "0", createdAt: Date(), commandLine: [],
            machine: cells[0].machine, prices: Prices(),
            model: ModelIdentity(
                name: "control", digest: "", format: "safetensors", architecture: "llama",
                parameterCount: 1),
            suite: SuiteIdentity(name: "s", version: "1", digest: "", safeguard: "refusal"),
            thresholds: thresholds, battery: "b", adversaries: adversaries, seeds: [1],
            budget: AuditBudget(), evaluation: EvaluationSettings(), baseline: [], cells: cells)
    }

    private func steps(_ battery: Battery, _ name: String) -> Double? {
        let adversary = battery.adversaries.first { $0.name == name }
        let stage = adversary?.parameters["stages"]?.list?.last?.object?["parameters"]?.object
        let parameters = stage ?? adversary?.parameters
        return (parameters?["training"]?.object?["steps"] ?? parameters?["steps"])?.number
    }

    @Test("steps are raised to the multiple where more steps are the same adversary")
    func raised() throws {
        let (extended, left) = try battery.extended(toRatio: 10, of: control(brokenAt: 4))
        #expect(steps(extended, "lora") == 40)
        #expect(steps(extended, "vector") == 40)
        #expect(steps(extended, "twice") == 40)
        #expect(steps(extended, "cosine") == 16)
        #expect(left == ["cosine", "words"])
        #expect(extended.adversaries.map(\.name) == battery.adversaries.map(\.name))
    }

    @Test("steps that are enough already stay, and so does what broke before its first step")
    func enough() throws {
        let (short, left) = try battery.extended(toRatio: 2, of: control(brokenAt: 1))
        #expect(steps(short, "lora") == 16 && steps(short, "vector") == 5)
        #expect(left == ["words"])
        #expect(try battery.extended(toRatio: 10, of: control(brokenAt: 0)).battery == battery)
    }

    @Test("a control that was not audited by an adversary is refused by its name")
    func missing() {
        let error = #expect(throws: InputError.self) {
            try battery.extended(toRatio: 10, of: control(brokenAt: 4, without: "vector"))
        }
        #expect(error?.place == "vector")
    }
}
