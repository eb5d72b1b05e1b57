// SPDX-License-Identifier: Apache-2.0
// Where the contenders, the model and the suite are.

import ArgumentParser
import Foundation
import LanguageModels
import Temper

/// What the command line says of the place of a measurement.
struct Places: ParsableArguments {
    @Option(help: "The model, a Hugging Face directory that both sides read.")
    var model = "build/smollm2-135m-instruct-hardened"

    @Option(help: "The model before hardening, for the quick audit: a Hugging Face directory.")
    var original: String?

    @Option(help: "A suite's folder.")
    var suite = "Suites/canary-refusal"

    @Option(help: "The Python that has the peers.")
    var python = ".deps/peers/bin/python"

    @Option(help: "The temper command.")
    var temper = ".build/release/temper"
}

/// The place of a measurement, and what was read there.
final class Setting {
    static let directory = "Benchmarks"
    private static let scratch = "build/bench"

    let places: Places
    private var known: Inputs?

    init(_ places: Places) throws {
        self.places = places
        for path in [places.model, places.suite, places.python, Self.directory]
        where !FileManager.default.fileExists(atPath: path) {
            throw ContenderError(
                description: "\(path): is missing; run 'make audit' for the model, then "
                    + "'make bench', from the repository's folder")
        }
    }

    var model: String { places.model }

    /// Temper's own worker is this program.
    var worker: Command {
        Command(
            executable: Bundle.main.executablePath ?? CommandLine.arguments[0],
            arguments: ["serve"])
    }

    var peer: Command { script("peer.py") }

    func inputs() throws -> Inputs {
        if let known { return known }
        let inputs = try Inputs(
            suite: Suite(at: URL(fileURLWithPath: places.suite)),
            model: LanguageModel(at: URL(fileURLWithPath: model)))
        known = inputs
        return inputs
    }

    /// The directory of a random model, which is made where it is missing.
    func path(of random: RandomModel) throws -> String {
        let path = "\(Self.scratch)/random-\(random.name)"
        if !FileManager.default.fileExists(atPath: path) {
            try FileManager.default.createDirectory(
                atPath: Self.scratch, withIntermediateDirectories: true)
            _ = try CommandRun(
                script("make_model.py", ["--tokenizer", model, "--out", path] + random.arguments)
            ).iterate()
        }
        return path
    }

    /// A whole audit of both sides, with nothing kept from an earlier one.
    func audit() throws -> Workload.Contest {
        guard let original = places.original else {
            throw ContenderError(description: "quick-audit: needs --original DIRECTORY")
        }
        let out = "\(Self.scratch)/audit"
        let common = ["--original", original, "--suite", places.suite, "--seeds", "2", "--out"]
        return .commands(
            temper: Command(
                executable: places.temper, arguments: ["audit", model] + common + [out]),
            peer: script("quick_audit.py", ["--model", model] + common + [out + "-peer.json"])
        ) {
            if FileManager.default.fileExists(atPath: out) {
                try FileManager.default.removeItem(atPath: out)
            }
        }
    }

    private func script(_ name: String, _ arguments: [String] = []) -> Command {
        Command(
            executable: places.python, arguments: ["\(Self.directory)/Peers/\(name)"] + arguments)
    }
}

/// A model of random weights in the shape of a known one.
struct RandomModel: Sendable {
    static let all = [
        RandomModel(
            name: "360m", title: "362M parameters, random, shaped as SmolLM2-360M", width: 960,
            layers: 32, heads: 15, keyValueHeads: 5, feedForward: 2560),
        RandomModel(
            name: "1b", title: "1.1B parameters, random, shaped as Llama-3.2-1B", width: 2048,
            layers: 16, heads: 32, keyValueHeads: 8, feedForward: 8192),
    ]

    let name: String
    let title: String
    let width: Int
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    let feedForward: Int

    var arguments: [String] {
        [
            ("width", width), ("layers", layers), ("heads", heads), ("kv-heads", keyValueHeads),
            ("feed-forward", feedForward),
        ].flatMap { ["--\($0.0)", String($0.1)] }
    }
}
