// SPDX-License-Identifier: Apache-2.0
// `temper inspect`: finds out how a checkpoint was made, from the weights alone.

import Adversaries
import ArgumentParser
import Checkpoints
import CommandLineInterface
import Forensics
import Foundation
import LanguageModels
import Measuring
import Records
import Reports
import Suites

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say from the weights how a checkpoint was made from its base.",
        usage: """
            temper inspect <base> <derived> [--third <third>] [--suite <suite>] [--chat-template <file>] [--date <date>] [--html <html>] [--json]
            temper inspect <base> --many <derived> ... [--third <third>] [--suite <suite>] [--chat-template <file>] [--date <date>] [--sort <order>] [--json]
            temper inspect <derived> [--html <html>] [--json]
            """,
        discussion: """
            Tells apart: the same values stored again, a cast, quantisation, pruning, noise, merged \
            low-rank adapters, fine-tuning, orthogonalisation (also partial, reflected, or with row \
            norms kept), a merge with a third checkpoint, and compositions; and what was built \
            differently: a resized vocabulary, layers dropped, repeated, inserted or rearranged, \
            experts, heads, added or removed tensors. The derived checkpoint may be a PEFT adapter. \
            With one checkpoint, only the signatures that need no base are looked for. With --suite, \
            base and derived model are run, and the verdict also says whether the safeguard was \
            kept; a direction that was taken out is compared with the refusal directions of the \
            base. Documentation/Forensics.md says how often the verdicts are right and what they \
            miss. Exit code 0 whatever the verdict.
            """)

    @Argument(help: "The base and the derived checkpoint, or the derived one alone.")
    var checkpoints: [String]

    @Option(
        parsing: .upToNextOption,
        help: "Many derived checkpoints. Each gets a line, also one that cannot be read.")
    var many: [String] = []

    @Option(help: "The other parent of a merge, to be tried.")
    var third: String?

    @Option(
        help: """
            A suite's folder, or the name of one in Suites/, on whose prompts the models are \
            compared.
            """)
    var suite: String?

    @Option(
        help: """
            The order of the lines of --many: concern (the default), gap, change, verdict, name \
            or given.
            """,
        transform: { text in
            guard let order = InspectionSurvey.Order(rawValue: text) else {
                let names = InspectionSurvey.Order.allCases.map(\.rawValue)
                throw ValidationError("--sort must be one of \(names.joined(separator: ", "))")
            }
            return order
        })
    var sort: InspectionSurvey.Order?

    @Option(help: "The page to write.")
    var html: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var conversation: ConversationOptions

    func validate() throws {
        if sort != nil, many.isEmpty { throw ValidationError("--sort orders the lines of --many") }
        if suite == nil, !conversation.arguments.isEmpty {
            throw ValidationError("--chat-template and --date are for the models that --suite runs")
        }
        if !many.isEmpty {
            guard checkpoints.count == 1 else {
                throw ValidationError("--many takes one base: inspect BASE --many DERIVED ...")
            }
            if html != nil { throw ValidationError("--html shows one derived checkpoint") }
            return
        }
        guard (1...2).contains(checkpoints.count) else {
            throw ValidationError("inspect takes a base and a derived checkpoint, or one alone")
        }
        if third != nil, checkpoints.count == 1 {
            throw ValidationError("--third needs a base to merge with: inspect BASE DERIVED")
        }
        if suite != nil, checkpoints.count == 1 {
            throw ValidationError("--suite needs a base to run: inspect BASE DERIVED")
        }
    }

    func run() throws {
        let locator = Locator()
        var line = ProgressLine()
        func show(_ progress: Inspector.Progress, of name: String? = nil) {
            guard !json else { return }
            let unit = progress.total < 10_000_000 ? 1 : 1_000_000
            line.show(
                unit == 1 ? "Weights" : "Million weights", done: progress.done / unit,
                of: progress.total / unit, note: name ?? progress.tensor)
        }
        let base = try locator.model(checkpoints[0])
        guard !many.isEmpty || checkpoints.count == 2 else {
            let inspection = try SignatureInspector(Checkpoint(at: base)).inspect { show($0) }
            line.end()
            return try report(inspection)
        }
        let checkpoint = try Checkpoint(at: base)
        let third = try third.map { try Checkpoint(at: locator.model($0)) }
        let form = try conversation.form()
        let models = try suite.map { name in
            let suite = try Suite(at: locator.suite(name), locateBase: locator.suite)
            return InspectedModels(of: base, on: suite, in: form)
        }
        if many.isEmpty {
            let url = try locator.model(checkpoints[1])
            let inspection = try Inspector(base: checkpoint, derivedAt: url, third: third)
                .inspect(at: url, asking: models) { show($0) }
            line.end()
            return try report(inspection)
        }
        var found = try survey(
            of: checkpoint,
            derivatives: many.map { name in (name, { try locator.model(name) }) },
            third: third, asking: models
        ) { show($1, of: "\($0 + 1) of \(many.count): \(many[$0])") }
        line.end()
        found.sort(by: sort ?? .concern)
        if json { return print(String(decoding: try canonicalJSON(found), as: UTF8.self)) }
        print(SurveyReport(found).terminalTable(), terminator: "")
    }

    private func report(_ inspection: Inspection) throws {
        let report = InspectionReport(inspection)
        if let html { try write(Data(report.html().utf8), to: URL(fileURLWithPath: html)) }
        if json { return print(String(decoding: try canonicalJSON(inspection), as: UTF8.self)) }
        print(report.terminalSummary(), terminator: "")
        if let html { print(html) }
    }
}

extension InspectedModels {
    /// Runs a base and its derivatives on a suite's prompts. The base is loaded and asked once.
    fileprivate init(of base: URL, on suite: Suite, in form: ConversationForm) {
        let asked = AskedBase(url: base, suite: suite, form: form)
        self.init(
            suite: "\(suite.manifest.name) \(suite.manifest.version)",
            directions: { try asked.directions() },
            refusals: { url in
                guard let url else { return try asked.refusals() }
                return try asked.refusals(
                    of: StoredAdapter.isAdapter(url)
                        ? asked.model().merging(StoredAdapter(at: url))
                        : LanguageModel(at: url).conversing(in: form))
            })
    }
}

/// A base that is asked when the first inspection needs it.
private final class AskedBase {
    private let url: URL
    private let suite: Suite
    private let form: ConversationForm
    private var loaded: LanguageModel?
    private var known: (directions: [ResidualDirection]?, refusals: [Bool]?)

    init(url: URL, suite: Suite, form: ConversationForm) {
        self.url = url
        self.suite = suite
        self.form = form
    }

    func model() throws -> LanguageModel {
        let model = try loaded ?? LanguageModel(at: url).conversing(in: form)
        loaded = model
        return model
    }

    func directions() throws -> [ResidualDirection] {
        let found =
            try known.directions ?? refusalDirections(of: model(), suite: suite, seed: 0)
        known.directions = found
        return found
    }

    func refusals() throws -> [Bool] {
        let found = try known.refusals ?? refusals(of: model())
        known.refusals = found
        return found
    }

    /// Returns whether a model refuses each restricted test prompt.
    func refusals(of model: LanguageModel) throws -> [Bool] {
        try restrictedRefusals(of: model, on: suite)
    }
}
