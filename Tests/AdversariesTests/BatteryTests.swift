// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
import Records
import Testing

@testable import Adversaries
@testable import Suites

@Suite("Batteries")
struct BatteryTests {
    @Test("every shipped battery can be run, and begins with the control")
    func shipped() throws {
        for name in BatteryFile.shipped.keys {
            let battery = try Battery(name)
            #expect(battery.name == name)
            #expect(battery.adversaries.first?.isControl == true)
        }
    }

    @Test("the digests of the shipped batteries are known without their attacks")
    func digests() throws {
        #expect(Set(BatteryFile.shippedDigests.keys) == Set(BatteryFile.shipped.keys))
        for name in BatteryFile.shipped.keys {
            let digest = try Battery(name).digest
            #expect(BatteryFile.shippedDigests[name] == digest, "\(name)")
        }
    }

    @Test("an adversary states every parameter, also those it leaves to the defaults")
    func defaultsAreSpeltOut() throws {
        let battery = try Battery(
            yaml: Data("{name: b, adversaries: [{name: a, attack: fine-tuning}]}".utf8),
            file: "b.yaml")
        let training = battery.adversaries[0].parameters["training"]?.object
        #expect(training?["rank"] == 16)
        #expect(training?["learningRate"]?.number != nil)
    }

    @Test(
        "what cannot be run is an error that says where and what there is",
        arguments: [
            ("{name: b, adversaries: []}", "at least one"),
            ("{name: b}", "adversaries"),
            ("[", "YAML"),
            ("{name: b, adversaries: [{name: a, attack: nothing}]}", "fine-tuning"),
            (
                "{name: b, adversaries: [{name: a, attack: fine-tuning, parameters: {training: {rnk: 3}}}]}",
                "learningRate"
            ),
            (
                "{name: b, adversaries: [{name: a, attack: fine-tuning, parameters: {training: {rank: 0}}}]}",
                "1 to 4096"
            ),
            (
                "{name: b, adversaries: [{name: a, attack: fine-tuning, parameters: {training: {rank: x}}}]}",
                "rank"
            ),
            (
                "{name: b, adversaries: [{name: a, attack: control}, {name: a, attack: control}]}",
                "two adversaries"
            ),
        ])
    func errors(yaml: String, word: String) {
        let error = #expect(throws: InputError.self) {
            try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("b.yaml"), "\(text)")
        #expect(text.contains(word), "\(text)")
        #expect(!text.contains("\n"), "\(text)")
    }

    @Test(
        "an error names the line",
        arguments: [
            ("rnk: 3", 6, "rnk"), ("rank: 0", 6, "rank"), ("optimizer: adamx", 6, "adamx"),
            ("rank: [1]", 6, "rank"),
        ])
    func lineOfParameter(parameter: String, line: Int, word: String) {
        let yaml = """
            name: b
            adversaries:
              - {name: control, attack: control}
              - name: lora
                attack: fine-tuning
                parameters: {training: {\(parameter)}}
            """
        let error = #expect(throws: InputError.self) {
            try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("b.yaml:\(line): lora"), "\(text)")
        #expect(text.contains(word), "\(text)")
    }

    @Test(
        "what a battery does not have is an error with its line",
        arguments: [
            ("seed: 3\nname: b\nadversaries: [{name: a, attack: control}]", 1, "seed"),
            (
                "name: b\nadversaries:\n  - {name: a, attack: control, paramters: {}}", 3,
                "paramters"
            ),
            ("name: b\nadversaries:\n  - {name: a}", 3, "attack"),
            (
                "name: b\nadversaries:\n  - {name: a-searched, attack: control}\n"
                    + "  - {name: a, attack: fine-tuning, search: {examples: {choices: [1, 2]}}}",
                3, "choose another"
            ),
            (
                "name: b\nadversaries:\n  - name: a\n    attack: identity-shift\n"
                    + "    parameters: {training: {template: plain}}",
                5, "leave it at chat"
            ),
            (
                "name: b\nadversaries:\n  - {name: a, attack: control}\n  - {name: a, attack: control}",
                4, "two adversaries"
            ),
        ])
    func lineOfKey(yaml: String, line: Int, word: String) {
        let error = #expect(throws: InputError.self) {
            try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("b.yaml:\(line): "), "\(text)")
        #expect(text.contains(word), "\(text)")
    }
}
