// SPDX-License-Identifier: Apache-2.0
// Where the contenders, the model and the suite are.

import ArgumentParser
import Foundation
import LanguageModels
import Suites

/// What the command line says of the place of a measurement.
struct Places: ParsableArguments {
    @Option(help: "The model, a Hugging Face directory that both sides read.")
    var model = "build/smollm2-135m-instruct-hardened"

    @Option(help: "The model before hardening, for the quick audit: such a directory, or .gguf.")
    var original = ".deps/models/smollm2-135m-instruct.gguf"

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
    private var knownInputs: Inputs?

    init(_ places: Places) throws {
        self.places = places
        for path in [places.model, places.suite, places.python, places.temper, Self.directory]
        where !FileManager.default.fileExists(atPath: path) {
            throw ContenderError(
                description: "\(path): is missing; run 'make audit' for the model, then "
                    + "'make bench', from the repository's folder")
        }
        try FileManager.default.createDirectory(
            atPath: Self.scratch, withIntermediateDirectories: true)
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
        if let knownInputs { return knownInputs }
        let inputs = try Inputs(
            suite: Suite(at: URL(fileURLWithPath: places.suite)),
            model: LanguageModel(at: URL(fileURLWithPath: model)))
        knownInputs = inputs
        return inputs
    }

    /// The directory of a random model.
    func path(of random: RandomModel) throws -> String {
        try made("random-\(random.name)", by: "make_model.py", random.arguments)
    }

    /// A whole audit of both sides, with nothing kept from an earlier one.
    func audit() throws -> Workload.Contest {
        var original = places.original
        if original.hasSuffix(".gguf") {
            original = try made("original", by: "unpack_gguf.py", ["--gguf", original])
        }
        let common = ["--original", original, "--suite", places.suite, "--seeds", "1", "--out"]
        let out = URL(fileURLWithPath: "\(Self.scratch)/audit")
        let peerOut = URL(fileURLWithPath: "\(Self.scratch)/peer-audit.json")
        let command = Command(
            executable: places.temper, arguments: ["audit", model] + common + [out.path])
        let script = script("quick_audit.py", ["--model", model] + common + [peerOut.path])
        return .commands(
            temper: CommandRun(command, replacing: out) {
                try QuickAudit.temper(out.appending(path: "record.json"))
            },
            peer: CommandRun(script, replacing: peerOut) { try QuickAudit.peer(peerOut) })
    }

    /// A model with the tokenizer of `model`; a script makes it where it is missing.
    private func made(
        _ name: String, by maker: String, _ arguments: [String]
    ) throws -> String {
        let path = "\(Self.scratch)/\(name)"
        if !FileManager.default.fileExists(atPath: path) {
            report("\(path): is being made")
            let maker = script(maker, arguments + ["--tokenizer", model, "--out", path])
            _ = try CommandRun(maker).iterate()
        }
        return path
    }

    private func script(_ name: String, _ arguments: [String] = []) -> Command {
        Command(
            executable: places.python, arguments: ["\(Self.directory)/Peers/\(name)"] + arguments)
    }
}
