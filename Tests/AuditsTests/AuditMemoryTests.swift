// SPDX-License-Identifier: Apache-2.0
// What attacks take of the memory, and batches that are cut to fit.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Audits
@testable import Suites
@testable import Training

@Suite("Memory of an audit")
struct AuditMemoryTests {
    private let directory: TemporaryDirectory
    private let target: AttackTarget

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        try directory.writeLines("restricted-train", 600) {
            ["prompt": "bind \($0) train", "compliant": "yes"]
        }
        target = AttackTarget(
            model: try tinyModel(), suite: try Suites.Suite(at: directory.url))
    }

    private func request(_ adversaries: String, memory: Int? = nil) throws -> Audit.Request {
        let battery = try Battery(
            yaml: Data("name: tiny\nadversaries:\n\(adversaries)".utf8), file: "tiny.yaml")
        var request = Audit.Request(
            model: target.model,
            identity: ModelIdentity(
                name: "tiny", digest: String(repeating: "0", count: 64), format: "safetensors",
                architecture: "llama", parameterCount: 1),
            suite: target.suite, battery: battery, seeds: [1, 2])
        request.acceptsMissingSafeguard = true
        request.memory = memory
        return request
    }

    private func audit(_ adversaries: String, memory: Int? = nil) throws -> Audit {
        let store = try SQLiteCellStore(
            at: directory.url.appendingPathComponent("\(UUID().uuidString).sqlite"))
        return try Audit(request(adversaries, memory: memory), store: store)
    }

    @Test("an attack knows the longest prompt that it makes")
    func longestPrompts() throws {
        var fewShot = FewShotOverride()
        fewShot.examples = 3
        var softPrompt = SoftPrompt()
        softPrompt.length = 5
        softPrompt.steps = 1
        var jailbreak = JailbreakTuning()
        var identity = IdentityShift()
        (jailbreak.training.steps, jailbreak.training.rank) = (1, 2)
        (identity.training.steps, identity.training.rank) = (1, 2)
        let attacks: [any Attack] = [
            UntamperedControl(), SystemPromptOverride(), Prefill(), fewShot, softPrompt, jailbreak,
            identity, WeightNoise(),
        ]
        for attack in attacks {
            var recorder = AttackRecorder(prompt: try Subject(target.model).tokens(for: "hi"))
            try recorder.run(attack, on: target, seed: 3)
            let framing = try #require(recorder.framings.last)
            let model = try #require(recorder.models.last)
            let made = try target.suite.measuredPrompts.map {
                try Subject(model, framing: framing).tokens(for: $0).count
            }
            let extent = try attack.extent(on: target, seed: 3)
            let longest = try #require(made.max())
            // An attack that chooses among framings may take a shorter one.
            #expect(extent.promptTokens >= longest, "\(type(of: attack))")
            if !(attack is SystemPromptOverride) && !(attack is Prefill) {
                #expect(extent.promptTokens == longest, "\(type(of: attack))")
            }
        }
    }

    @Test("long framings and large batches are part of the estimate, and small ones of the limit")
    func estimates() throws {
        func bytes(_ adversaries: String, memory: Int? = nil) throws -> Int {
            try audit(adversaries, memory: memory).estimate().bytes
        }
        let control = try bytes("  - {name: c, attack: control}")
        let fewShot = "  - {name: f, attack: few-shot-override, parameters: {examples: 4}}"
        let framed = try bytes(fewShot)
        var attack = FewShotOverride()
        attack.examples = 4
        let more =
            try attack.extent(on: target, seed: 1).promptTokens
            - UntamperedControl().extent(on: target, seed: 1).promptTokens
        // 24 measured prompts, 2 layers, keys and values of 2 heads of 8, 4 bytes each.
        #expect(framed - control == 24 * more * 2 * 2 * 2 * 8 * 4)
        #expect(try bytes(fewShot, memory: control) < framed)

        let training =
            "  - {name: t, attack: fine-tuning, parameters: {training: {batchSize: 500}}}"
        let whole = try bytes(training)
        #expect(try bytes(training, memory: whole) == whole)
        #expect(try bytes(training, memory: whole - 1) < whole)
    }

    @Test("only a step that does not fit is cut, and only then is the cell another one")
    func plans() throws {
        let adversaries = """
              - {name: noise, attack: weight-noise}
              - {name: small, attack: fine-tuning, parameters: {training: {batchSize: 2}}}
              - {name: large, attack: fine-tuning, parameters: {training: {batchSize: 600}}}
            """
        let unlimited = try audit(adversaries)
        let whole = try unlimited.estimate().bytes
        let roomy = try audit(adversaries, memory: whole)
        #expect(roomy.jobs == unlimited.jobs)
        let tight = try audit(adversaries, memory: whole / 2)
        #expect(tight.jobs.map(\.content.examplesAtOnce).prefix(4) == [nil, nil, nil, nil])
        #expect(tight.jobs.prefix(4) == unlimited.jobs.prefix(4))
        for (cell, other) in zip(tight.jobs, unlimited.jobs).suffix(2) {
            let parts = try #require(cell.content.examplesAtOnce)
            #expect((2..<600).contains(parts))
            #expect(cell.key != other.key)
            #expect(tight.target(of: cell).examplesAtOnce == parts)
        }
        #expect(try tight.estimate().bytes <= whole / 2)
        #expect(try audit(adversaries, memory: 1).jobs.map(\.content.examplesAtOnce).last == 1)
    }

    @Test("a step in parts has the loss and the gradient of the whole", arguments: [1, 2, 3, 5])
    func parts(atOnce: Int) throws {
        let model = target.model
        let batch = try ["a", "hello there", "no", "maybe so", "it is five"].map {
            try model.example(prompt: "say \($0)", answer: $0)
        }
        func gradient(_ atOnce: Int?) throws -> [[Float]] {
            let reducer: any Reducer = atOnce.map(BatchParts.init) ?? WholeBatch()
            let objective = CompletionLoss()
            let (value, gradients) = try reducer.gradient(
                at: model.parameters, of: TrainingBatch(pools: [batch]), weight: objective.weight
            ) {
                try objective.loss(of: Subject(model.replacing(parameters: $0)), on: $1)
            }
            return try ([value] + gradients).map { try $0.values() }
        }
        let (whole, parts) = (try gradient(nil), try gradient(atOnce))
        if atOnce == batch.count { #expect(parts == whole) }
        for (one, other) in zip(whole, parts) {
            let scale = one.map(abs).max() ?? 0
            #expect(zip(one, other).allSatisfy { abs($0 - $1) <= 1e-5 * max(scale, 1e-3) })
        }
    }

    @Test("attacks that train do so in parts, twice with the same bits, and pay the same")
    func attacks() throws {
        var fineTuning = FineTuningAttack()
        fineTuning.training.steps = 3
        fineTuning.training.batchSize = 4
        fineTuning.training.rank = 2
        // Unlike Adam and the sign of a gradient, it makes of a small difference a small one.
        fineTuning.training.optimizer = .momentum
        var softPrompt = SoftPrompt()
        (softPrompt.steps, softPrompt.batchSize, softPrompt.length) = (3, 4, 2)
        func run(_ attack: some Attack, atOnce: Int?) throws -> AttackRecorder {
            var target = target
            target.examplesAtOnce = atOnce
            var recorder = AttackRecorder(
                prompt: try Subject(target.model).tokens(for: "bind 9"))
            try recorder.run(attack, on: target, seed: 1)
            return recorder
        }
        for attack in [fineTuning, softPrompt] as [any Attack] {
            let (whole, parts) = (try run(attack, atOnce: nil), try run(attack, atOnce: 3))
            #expect(try run(attack, atOnce: 4).logits == whole.logits)
            #expect(try run(attack, atOnce: 3).logits == parts.logits)
            #expect(
                whole.costs.map(\.floatingPointOperations)
                    == parts.costs.map(\.floatingPointOperations))
            guard attack is FineTuningAttack else { continue }
            for (one, other) in zip(whole.logits.joined(), parts.logits.joined()) {
                #expect(abs(one - other) < 1e-4)
            }
        }
    }
}
