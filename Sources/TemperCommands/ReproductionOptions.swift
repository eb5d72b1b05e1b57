// SPDX-License-Identifier: Apache-2.0
// What running cells of a record again needs beside the audited model.

import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import LanguageModels
import Measuring
import Records
import Suites

/// The options of commands that run cells of a record again.
struct ReproductionOptions: ParsableArguments {
    @Option(help: "The model before hardening, if it is not found by its name.")
    var original: String?

    @Option(help: "The suite, if it is not found by its name.")
    var suite: String?

    @Option(help: "The suite of another domain, if it is not found by its name.")
    var otherSuite: String?

    @Option(help: "The judge that decided in the record; 'temper judges' lists the forms.")
    var decide = "text"

    @Option(
        name: .customLong("judge"), parsing: .singleValue,
        help: "A judge that the record asked beside it. May be given again.")
    var judges: [String] = []

    @OptionGroup var template: TemplateOptions

    @Option(
        help: "Keep what is measured in this directory: a run that was stopped is resumed there.")
    var out: String?

    /// Runs cells of a record again and compares every number.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - model: Where the audited model is.
    ///   - adapter: Where the adapter on it is, if it is not found by its name.
    ///   - cells: How many cells to draw at random; nil runs all.
    ///   - seed: The seed of the draw.
    ///   - isQuiet: Whether the progress is not shown.
    /// - Returns: The agreements, and notes about other circumstances.
    /// - Throws: Errors of the models, the suite, the store and the engine.
    func agreements(
        of record: AuditRecord, model: URL, adapter: URL? = nil, cells: Int?, seed: UInt64,
        isQuiet: Bool
    ) async throws -> (agreements: [Agreement], notes: [String]) {
        let reproduction = try Reproduction(
            of: record, from: try inputs(of: record, model: model, adapter: adapter), cells: cells,
            seed: seed)
        let directory =
            out.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory
            .appendingPathComponent("temper-reproduce-\(UUID().uuidString)")
        try makeDirectory(directory)
        defer { if out == nil { try? FileManager.default.removeItem(at: directory) } }
        // It is never an audit's own store, whose numbers would not be measured again.
        let store = try SQLiteCellStore(at: directory.appendingPathComponent("reproduction.sqlite"))
        var display =
            isQuiet
            ? nil
            : AuditDisplay(
                title: "\(record.model.name) again", measure: record.thresholds.measure)
        let agreements = try await reproduction.run(store: store) { display?.show($0) }
        return (agreements, reproduction.notes)
    }

    private func inputs(
        of record: AuditRecord, model: URL, adapter: URL?
    ) throws -> Reproduction.Inputs {
        let locator = Locator()
        let adapter =
            try adapter
            ?? record.model.adapter.map {
                try record.found($0.name, option: "--adapter", locator)
            }
        let form = ConversationForm(template: try template.template())
        var inputs = Reproduction.Inputs(
            model: try LoadedModel(at: model, adapter: adapter, in: form),
            suite: try Suite(
                at: locator.suite(suite ?? record.suite.name), locateBase: locator.suite))
        (inputs.decidingJudge, inputs.judges) = try readJudges(
            judges, deciding: decide, locator)
        if let other = otherSuite ?? record.otherSuite?.name {
            inputs.otherSuite = try Suite(at: locator.suite(other), locateBase: locator.suite)
        }
        if let original {
            inputs.original = try LoadedModel(at: locator.model(original), in: form)
        } else if record.original != nil, let base = record.baseModel {
            // Attacks that need it report its absence themselves; others do not need it.
            let near = try? LoadedModel(
                at: record.found(base.name, option: "--original", locator), in: form)
            inputs.original = near?.identity.digest == base.digest ? near : nil
        }
        return inputs
    }
}

extension AuditRecord {
    /// Returns a model by its name, or by a path of that name in the record's command line.
    ///
    /// - Parameters:
    ///   - name: The model's name.
    ///   - option: The option that states the place, for the error.
    ///   - locator: Finds models.
    /// - Returns: The model's place.
    /// - Throws: An `InputError` if there is none.
    func found(_ name: String, option: String, _ locator: Locator) throws -> URL {
        for argument in commandLine where argument.contains("/") {
            let url = URL(fileURLWithPath: argument)
            if [url.lastPathComponent, url.deletingPathExtension().lastPathComponent]
                .contains(name), FileManager.default.fileExists(atPath: url.path)
            {
                return url
            }
        }
        do {
            return try locator.model(name)
        } catch let error as InputError {
            throw InputError(
                error.place, error.problem,
                remedy: "\(error.remedy); say where with \(option) PATH")
        }
    }
}
