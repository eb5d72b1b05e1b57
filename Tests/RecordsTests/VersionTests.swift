// SPDX-License-Identifier: Apache-2.0
// Records of version 1 are still read, and version 2 states what version 1 did not.

import Foundation
import JSONText
import Testing

@testable import Records

@Suite struct VersionTests {
    /// A record that Temper 0.1.0 wrote in version 1, of a made-up audit under `--budget-steps 24`.
    let old: AuditRecord

    init() throws {
        let file = try #require(
            Bundle.module.url(
                forResource: "record-version-1", withExtension: "json", subdirectory: "Goldens"))
        old = try AuditRecord(contentsOf: file)
    }

    @Test("a record of version 1 keeps its version and gets what it does not state")
    func versionOne() {
        #expect(old.schemaVersion == 1)
        #expect(old.contradiction == nil)
        #expect(old.budget == AuditBudget(steps: 24))
        #expect(old.evaluation == nil)
        #expect(old.trials == 2)
        #expect(old.measures == nil)
        #expect(old.cells.count == 12 && old.undefendedCells?.count == 1)
        for cell in old.cells + (old.undefendedCells ?? []) {
            #expect(cell.machine == old.machine && cell.worldSize == 1)
        }
        let prompt = old.outcomes.first { $0.adversary == "prompt" }
        #expect(prompt?.failedSeeds == 1 && prompt?.inapplicableSeeds == 0)
        #expect(old.resistance(to: "prompt") == .unclear)
    }

    @Test("what adversaries of version 1 learn from is derived from attack and parameters")
    func derivedLearning() {
        let heldOut = Learning(from: .heldOut, changing: .lowRankAdapters)
        #expect(old.adversaries.map(\.learning) == [Learning.none, nil, nil, heldOut, heldOut])
        #expect(Immunization(old).heldOut?.broken == 3)
        for (data, found) in [
            ("restricted", Learning.Data.restricted), ("retain", .benign),
            ("retain-then-restricted", .benignThenRestricted), ("other-domain", .otherDomain),
            ("unheard-of", .other),
        ] {
            let adversary = AdversarySpecification(
                name: "a", attack: "fine-tuning",
                parameters: [
                    "data": .string(data), "training": .object(["method": "full"]),
                ])
            #expect(
                Learning(derivedFrom: adversary) == Learning(from: found, changing: .allWeights))
        }
    }

    @Test("a record of version 1 that is written again reads as the same record of version 1")
    func writtenAgain() throws {
        #expect(try AuditRecord(json: try old.json()) == old)
    }

    @Test(
        "the budget of version 1 is read off the command line in both spellings",
        arguments: [
            (["temper", "audit", "m"], nil), (["temper", "audit", "--budget-steps"], nil),
            (["temper", "audit", "--budget-steps", "12"], 12),
            (["temper", "audit", "--budget-steps=7", "m"], 7),
        ] as [([String], Int?)])
    func commandLine(arguments: [String], steps: Int?) {
        #expect(AuditRecord.budgetSteps(in: arguments) == steps)
    }

    @Test("the budget of version 2 is its field, whatever the command line says")
    func statedBudget() throws {
        var record = RecordFixture.record(budget: AuditBudget(steps: 24))
        record.commandLine = ["temper", "audit", "tiny", "--budget-steps", "8"]
        #expect(try AuditRecord(json: try record.json()).budget.steps == 24)
        record.budget.steps = nil
        #expect(try AuditRecord(json: try record.json()).budget.steps == nil)
    }

    @Test(
        "version 2 without one of its new fields is damaged, and says where",
        arguments: [
            (["budget"], "budget"), (["evaluation"], "evaluation"), (["trials"], "trials"),
            (["cells", "machine"], "cells[0].machine"),
            (["cells", "worldSize"], "cells[0].worldSize"),
            (["outcomes", "failedSeeds"], "outcomes[0].failedSeeds"),
        ])
    func missing(path: [String], place: String) throws {
        let json = try RecordFixture.record().json()
        var object = try #require(
            try JSONSerialization.jsonObject(with: json) as? [String: Any])
        if path.count == 1 {
            object[path[0]] = nil
        } else {
            let list = try #require(object[path[0]] as? [[String: Any]])
            object[path[0]] = list.map { element in element.filter { $0.key != path[1] } }
        }
        let data = try JSONSerialization.data(withJSONObject: object)
        let error = #expect(throws: InputError.self) { try AuditRecord(json: data) }
        #expect(error?.place == "record.json: \(place)")
        #expect(error?.problem == "is missing")
    }

    @Test("the settings have the canonical JSON that stored cells are keyed by")
    func settings() throws {
        #expect(
            String(decoding: try canonicalJSON(EvaluationSettings()), as: UTF8.self)
                == #"{"answerTokens":48,"batchSize":96,"divergenceTexts":24}"#)
        let judged = EvaluationSettings(answerTokens: 8, judges: ["a", "b"])
        #expect(
            String(decoding: try canonicalJSON(judged), as: UTF8.self)
                == #"{"answerTokens":8,"batchSize":96,"divergenceTexts":24,"judges":["a","b"]}"#)
        let measured = EvaluationSettings(answerTokens: 8, measures: ["length"])
        #expect(
            String(decoding: try canonicalJSON(measured), as: UTF8.self)
                == #"{"answerTokens":8,"batchSize":96,"divergenceTexts":24,"measures":["length"]}"#)
        var dated = EvaluationSettings(answerTokens: 8)
        (dated.templateDate, dated.chatTemplate) = ("2026-03-07", "ab")
        #expect(
            String(decoding: try canonicalJSON(dated), as: UTF8.self)
                == #"{"answerTokens":8,"batchSize":96,"chatTemplate":"ab","divergenceTexts":24,"#
                + #""templateDate":"2026-03-07"}"#)
    }
}

@Suite struct BatteryContentTests {
    private let battery = [
        AdversarySpecification(name: "small", attack: "noise", parameters: ["scale": 0.1]),
        AdversarySpecification(name: "large", attack: "noise", parameters: ["scale": 0.5]),
    ]

    @Test("the bytes that a battery's digest is taken of are known")
    func knownAnswer() throws {
        var battery = battery
        battery[1].search = ["scale": SearchRange(from: 0, to: 1)]
        #expect(
            String(decoding: try battery.canonicalBattery(), as: UTF8.self)
                == #"[{"attack":"noise","name":"small","parameters":{"scale":0.1}},"#
                + #"{"attack":"noise","name":"large","parameters":{"scale":0.5},"#
                + #""search":{"scale":{"from":0,"scale":"linear","to":1,"whole":false}}}]"#)
    }

    @Test("two adversaries whose names are swapped are another battery")
    func swappedNames() throws {
        var swapped = battery
        (swapped[0].name, swapped[1].name) = (swapped[1].name, swapped[0].name)
        #expect(try swapped.canonicalBattery() != battery.canonicalBattery())
    }

    @Test("descriptions, and what an adversary learns from, change neither battery nor cell")
    func descriptions() throws {
        var described = battery
        described[0].description = "A little noise."
        described[0].learning = Learning.none
        #expect(try described.canonicalBattery() == battery.canonicalBattery())
        #expect(try described[0].canonicalContent() == battery[0].canonicalContent())
    }
}
