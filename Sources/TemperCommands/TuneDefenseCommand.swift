// SPDX-License-Identifier: Apache-2.0
// `temper tune-defense`: searches the parameters of a defense on validation prompts.

import Adversaries
import ArgumentParser
import CommandLineInterface
import Defenses
import Foundation
import JSONText
import LanguageModels
import Records
import Suites

struct TuneDefenseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune-defense",
        abstract: "Search the parameters of a defense against adversaries, on validation prompts.",
        discussion: """
            Each trial hardens a model in memory and is attacked; nothing of it is written but \
            numbers. What is found was chosen on validation prompts: harden with it, and audit the \
            result. The same command resumes a search that was stopped.
            """)

    @Argument(help: "A path, or a name that 'temper models' lists.")
    var model: String

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(help: "The defense, as 'temper defenses' lists them.")
    var defense: String

    @Option(help: "A YAML or JSON file with the ranges, by the names of parameters.")
    var ranges: String

    @Option(help: "A YAML or JSON file with parameters that all trials have.")
    var config: String?

    @Option(
        help: """
            The adversaries: a battery's name or a file. One that is held out for audits must not be \
            tuned against.
            """)
    var battery = "seen"

    @Option(help: "How many trials.")
    var trials = 16

    @Option(
        help: "The checkpoint that the model was made from, a path or a name, if it is needed.")
    var original: String?

    @OptionGroup var conversation: ConversationOptions

    @Option(help: "The seed of the trials and of the search.")
    var seed: UInt64 = 1

    @Option(help: "The JSON file of the trials, from which a search is resumed.")
    var out = "build/tuning.json"

    private struct Content: Codable {
        let defense: String
        let trials: [DefenseSearch.Trial]
    }

    func validate() throws {
        guard (1...100_000).contains(trials) else {
            throw ValidationError("--trials must be from 1 to 100000")
        }
    }

    func run() throws {
        let locator = Locator()
        let file = URL(fileURLWithPath: out)
        let searched = try RangesFile(ranges).ranges
        let parameters = try readDefenseParameters(of: defense, config: config, [])
        let battery = try Battery(battery)
        if battery.name == "held-out" {
            throw InputError(
                "--battery", "the adversaries of held-out are never tuned against",
                remedy: "choose seen, or a battery of your own")
        }
        let earlier = try earlierTrials(in: file)
        let form = try conversation.form()
        let target = HardeningTarget(
            model: try LanguageModel(at: locator.model(model)).conversing(in: form),
            suite: try Suite(at: locator.suite(suite), locateBase: locator.suite),
            original: try original.map {
                try LanguageModel(at: locator.model($0)).conversing(in: form)
            }, seed: seed)
        let search = try DefenseSearch(
            of: defense, parameters: parameters, ranges: searched, statedIn: "\(ranges): ranges",
            target: target,
            battery: battery, trials: trials)
        var done = earlier
        let all = try search.run(after: earlier) { note in
            FileHandle.standardError.write(Data("\(note)\n".utf8))
        } finished: { trial in
            done.append(trial)
            try save(done, to: file)
            print(line(of: trial, number: done.count))
        }
        guard
            let best = all.filter({ $0.score != nil }).max(by: {
                ($0.score ?? 0) < ($1.score ?? 0)
            })
        else {
            print("no trial gave a score")
            return
        }
        print("\nThe best, chosen on validation prompts; audit it before you believe it:")
        for (name, value) in best.parameters.sorted(by: { $0.key < $1.key }) {
            print("  --set \(name)=\(try text(value))")
        }
    }

    private func earlierTrials(in file: URL) throws -> [DefenseSearch.Trial] {
        guard let data = try? Data(contentsOf: file) else { return [] }
        let content = try RecordJSON.decode(Content.self, from: data, file: file.path)
        guard content.defense == defense else {
            throw InputError(
                file.path, "has trials of \(content.defense)",
                remedy: "name another file with --out")
        }
        return Array(content.trials.prefix(trials))
    }

    private func save(_ trials: [DefenseSearch.Trial], to file: URL) throws {
        let data = try RecordJSON.encoder().encode(Content(defense: defense, trials: trials))
        try write(data, to: file)
    }

    private func line(of trial: DefenseSearch.Trial, number: Int) -> String {
        let words = trial.parameters.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\((try? text(value)) ?? "")"
        }
        let score = trial.score.map { String(format: "%.2f", $0) } ?? (trial.reason ?? "no score")
        return "trial \(number): \(score)  \(words.joined(separator: " "))"
    }

    private func text(_ value: ParameterValue) throws -> String {
        String(decoding: try canonicalJSON(value), as: UTF8.self)
    }
}
