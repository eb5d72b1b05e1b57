// SPDX-License-Identifier: Apache-2.0
// `temper info`: says what a model is, and what attacking it needs here.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import LanguageModels
import Measuring
import Records
import Suites

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Say what a model is, and what each attack on it needs of this machine.",
        discussion: """
            Family, parameters, stored types, tokenizer, stop tokens and digest are read from the \
            files. Memory and time are the estimates that 'temper audit' makes before it begins, for \
            one run of each adversary.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "The battery whose adversaries are estimated.")
    var battery = "standard"

    @Option(help: "The suite on which they are estimated: a folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Flag(help: "Print JSON.")
    var json = false

    private struct Result: Encodable {
        let model: ModelFacts
        let battery: String
        let suite: String
        let attacks: [AuditEstimate.Need]
        /// Adversaries without an estimate, each with the reason.
        let withoutEstimate: [String]
    }

    func run() throws {
        let locator = Locator()
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        let loaded = try LoadedModel(at: model.location(), adapter: model.adapterLocation())
        let (needs, reasons) = try estimates(of: loaded, on: suite)
        let result = Result(
            model: try ModelFacts(loaded), battery: battery, suite: suite.manifest.name,
            attacks: needs, withoutEstimate: reasons)
        if json {
            print(String(decoding: try canonicalJSON(result), as: UTF8.self))
        } else {
            show(result)
        }
    }

    /// Returns what each adversary needs, and why others have no estimate.
    private func estimates(
        of loaded: LoadedModel, on suite: Suite
    ) throws -> (needs: [AuditEstimate.Need], reasons: [String]) {
        guard loaded.model.chatTemplate != nil else {
            return ([], ["all: the model has no chat template"])
        }
        let whole = try Battery(battery)
        var reasons: [String] = []
        let adversaries = try whole.adversaries.filter { adversary in
            let attack = try AttackCatalogue.attack(for: adversary)
            if attack.needsBase { reasons.append("\(adversary.name): needs the original model") }
            if attack.needsOtherSuite { reasons.append("\(adversary.name): needs another suite") }
            return !attack.needsBase && !attack.needsOtherSuite
        }
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("temper-info-\(UUID().uuidString)")
        try makeDirectory(directory)
        defer { try? FileManager.default.removeItem(at: directory) }
        let audit = try Audit(
            Audit.Request(
                model: loaded.model, identity: loaded.identity, suite: suite,
                battery: Battery(name: whole.name, adversaries: adversaries), seeds: [1]),
            store: DirectoryCellStore(at: directory))
        let estimate = try audit.estimate()
        return (estimate.needs, reasons + estimate.inapplicable)
    }

    private func show(_ result: Result) {
        let facts = result.model
        let identity = facts.identity
        func line(_ name: String, _ value: String) {
            print(name.padding(toLength: 16, withPad: " ", startingAt: 0) + value.onOneLine())
        }
        line("model", identity.name)
        line("digest", "sha256:\(identity.digest)")
        if let adapter = facts.adapter, let parts = identity.adapter {
            line("base", "\(parts.baseName), sha256:\(parts.baseDigest)")
            line("adapter", "\(parts.name), sha256:\(parts.digest)")
            line(
                "",
                "rank \(adapter.ranks.map(String.init).joined(separator: ", ")) on "
                    + adapter.targets.joined(separator: ", ")
                    + (adapter.replacedModules.isEmpty
                        ? "" : "; whole: \(adapter.replacedModules.joined(separator: ", "))")
                    + "; \(adapter.parameterCount.formatted()) parameters")
            if let stated = adapter.statedBase { line("", "trained, it says, on \(stated)") }
        }
        line("family", "\(identity.architecture), \(identity.format)")
        line(
            "parameters",
            "\(identity.parameterCount.formatted()); each token is multiplied by "
                + facts.activeParameterCount.formatted())
        line(
            "stored as",
            facts.storedTypes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { "\($0.key) (\($0.value.formatted()))" }.joined(separator: ", "))
        line("context", "\(facts.contextLength) tokens")
        line("tokenizer", "\(facts.tokenizer), \(facts.vocabularySize) tokens")
        line("chat template", facts.hasChatTemplate ? "yes" : "none")
        line(
            "stop tokens",
            facts.stopTokens.map { "\($0.text) (\($0.identifier))" }.joined(separator: ", "))
        print("\nOne run of each adversary of \(result.battery), on \(result.suite), here:")
        let width = 1 + (result.attacks.map(\.adversary.count).max() ?? 0)
        for need in result.attacks {
            print(
                "  " + need.adversary.padding(toLength: width, withPad: " ", startingAt: 0)
                    + "\(ByteCount(bytes: need.bytes)), about \(brief(need.seconds))")
        }
        for reason in result.withoutEstimate { print("  \(reason)") }
    }
}
