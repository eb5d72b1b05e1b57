// SPDX-License-Identifier: Apache-2.0
// Runs all cells of a record again, or a sample, and compares the numbers.

internal import Adversaries
internal import Foundation
internal import JSONText
internal import LanguageModels
public import Measuring
public import Records
public import Suites
internal import Tensors
internal import Training

/// Cells of a record that are run again with the same seeds.
///
/// The trials of a search are not repeated; the cells that confirm its result are.
public struct Reproduction: Sendable {
    /// The record.
    public let record: AuditRecord
    /// The cells to run again, in the record's order.
    public let cells: [CellRecord]
    /// The differences between the record's circumstances and these, because of which numbers may
    /// differ.
    public let notes: [String]
    private let request: Audit.Request
    /// The measures of the record that are not available.
    private let unknownMeasures: [String]

    /// The inputs of a reproduction.
    public struct Inputs: Sendable {
        /// The checkpoint of the record.
        public var model: LoadedModel
        /// The checkpoint from which it was hardened; nil leaves its measurements out.
        public var original: LoadedModel?
        /// The suite.
        public var suite: Suite
        /// The suite of another domain; nil if the record has none.
        public var otherSuite: Suite?
        /// How measures are taken; nil takes the record's settings.
        public var settings: EvaluationSettings?
        /// The record's measures other than Temper's own, in its order. Empty leaves their numbers
        /// out.
        public var measures: [any Measure] = []
        /// The judge that decided; nil for the text judge.
        public var decidingJudge: (any Judge)?
        /// The other judges, in the record's order.
        public var judges: [any Judge] = []

        /// Makes inputs from a model and a suite.
        public init(model: LoadedModel, original: LoadedModel? = nil, suite: Suite) {
            self.model = model
            self.original = original
            self.suite = suite
        }
    }

    /// Plans a reproduction.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - inputs: The models and the suite. They must be exactly those of the record.
    ///   - count: How many cells to draw at random; nil runs all that ran to their end.
    ///   - seed: The seed of the draw.
    /// - Throws: `InputError` when a model or the suite differs from the record's.
    public init(
        of record: AuditRecord, from inputs: Inputs, cells count: Int? = nil, seed: UInt64 = 0
    ) throws {
        try Self.check(
            "model", inputs.model.identity.name, inputs.model.identity.digest,
            is: record.model.digest, "--model")
        try Self.check(
            "suite", inputs.suite.manifest.name, inputs.suite.identity.digest,
            is: record.suite.digest, "--suite")
        if let other = inputs.otherSuite {
            try Self.check(
                "other suite", other.manifest.name, other.identity.digest,
                is: record.otherSuite?.digest ?? "", "--other-suite")
        }
        if let original = inputs.original {
            guard let base = record.baseModel else {
                throw InputError(
                    original.identity.name, "the record speaks of no original model",
                    remedy: "leave --original away")
            }
            try Self.check(
                "original model", original.identity.name, original.identity.digest,
                is: base.digest, "--original")
        }
        if !inputs.measures.isEmpty,
            inputs.measures.map(\.identity) != record.evaluation?.measures
        {
            throw InputError(
                "measures",
                "are others than the record's, which states "
                    + (record.evaluation?.measures?.joined(separator: ", ")
                        ?? "Temper's own alone"),
                remedy: "name these, or none")
        }
        try Self.check(inputs, judging: record)
        try Self.check(inputs.model.model, conversingAs: record)
        self.record = record
        var places = record.cells.indices.filter { record.cells[$0].state == .finished }
        if let count, count < places.count {
            var generator = SplitMix64(seed: seed)
            places = places.shuffled(using: &generator).prefix(count).sorted()
        }
        cells = places.map { record.cells[$0] }
        var request = Audit.Request(
            model: inputs.model.model.conversing(in: try record.conversationForm),
            identity: inputs.model.identity, suite: inputs.suite,
            battery: Battery(name: record.battery, spelledOut: []), seeds: [])
        request.original = inputs.original
        request.otherSuite = inputs.otherSuite
        request.attacksOriginal = count == nil
        request.budget = record.budget
        request.acceptsMissingSafeguard = true
        request.settings = inputs.settings ?? record.evaluation ?? EvaluationSettings()
        request.measures = inputs.measures
        request.settings.measures = nil
        request.decidingJudge = inputs.decidingJudge
        request.judges = inputs.judges
        request.settings.judges = nil
        request.prices = record.prices
        self.request = request
        let taken = MeasureCatalogue.entries + inputs.measures.map { type(of: $0).entry }
        unknownMeasures = (record.measures ?? []).map(\.name).filter { name in
            !taken.contains { $0.name == name }
        }
        notes = Self.notes(
            record, hasOriginal: inputs.original != nil, unknownMeasures: unknownMeasures)
    }

    private static func check(
        _ what: String, _ name: String, _ digest: String, is expected: String, _ option: String
    ) throws {
        guard digest != expected else { return }
        throw InputError(
            name,
            "is not the record's \(what): its digest begins \(digest.prefix(12)), the record's "
                + "\(expected.prefix(12))", remedy: "name the right one with \(option)")
    }

    /// Checks that conversations become text as in the record.
    private static func check(_ model: LanguageModel, conversingAs record: AuditRecord) throws {
        guard record.evaluation != nil,
            model.givenTemplateDigest != record.evaluation?.chatTemplate
        else { return }
        let stated = record.evaluation?.chatTemplate.map { "SHA-256 \($0.prefix(12))" }
        throw InputError(
            "chat template",
            "is not the record's, which is \(stated ?? "that of the checkpoint")",
            remedy: stated == nil
                ? "leave --chat-template away" : "name the file with --chat-template")
    }

    /// Checks that the record's judges are available. With other judges an adversary may end at
    /// another point.
    private static func check(_ inputs: Inputs, judging record: AuditRecord) throws {
        let text = TextJudge(markers: inputs.suite.manifest.refusalMarkers)
        let found = (inputs.decidingJudge ?? text).decision
        if let recorded = record.evaluation?.decidingJudge, recorded != found {
            throw InputError(
                "judge \(found.name)",
                "is not the one that decided in the record: its digest begins "
                    + "\(found.digest.prefix(12)), the record's (\(recorded.name)) "
                    + "\(recorded.digest.prefix(12))",
                remedy: "name the right one with --decide, or use the Temper that made the record")
        }
        let asked = record.evaluation?.judges ?? []
        let given = inputs.judges.map(\.identity)
        guard asked == given else {
            func list(_ judges: [String]) -> String {
                judges.isEmpty ? "none" : judges.joined(separator: ", ")
            }
            throw InputError(
                "judges",
                "beside the one that decides the record asked \(list(asked)), and here are "
                    + list(given),
                remedy: asked.isEmpty ? "name none" : "name these with --judge, in their order")
        }
    }

    private static func notes(
        _ record: AuditRecord, hasOriginal: Bool, unknownMeasures: [String]
    ) -> [String] {
        var notes: [String] = []
        func note(_ what: String, _ recorded: String, _ now: String) {
            if recorded != now { notes.append("\(what): \(recorded) in the record, \(now) now") }
        }
        note("Temper", record.temperVersion, temperVersion)
        note("engine", record.engineVersion, Engine.nameAndVersion)
        if record.evaluation?.decidingJudge == nil {
            notes.append("the record's answers were read by the first rules of the text judge")
        }
        note("device", record.machine.device, Machine.current.device)
        let unfinished = record.cells.count { $0.state != .finished }
        if unfinished > 0 {
            notes.append("cells that did not run to an end are left out: \(unfinished)")
        }
        if record.cells.contains(where: { $0.examplesAtOnce != nil }) {
            notes.append("training steps were computed in parts under --memory, and are not now")
        }
        if record.original != nil, !hasOriginal {
            notes.append("the original model is not at hand and is not measured again")
        }
        if !unknownMeasures.isEmpty {
            let names = unknownMeasures.joined(separator: ", ")
            notes.append("measures of other packages are not taken again: \(names)")
        }
        if record.searches != nil {
            notes.append("trials of a search are not run again, only what they confirmed")
        }
        return notes
    }

    /// Runs the cells again and compares every number.
    ///
    /// - Parameters:
    ///   - store: An empty store. Stored cells would not be measured again.
    ///   - tell: Receives the events.
    /// - Returns: One agreement for each number of the record that was measured again.
    /// - Throws: Errors of the store, the engine, the models and the adversaries.
    public func run(
        store: any CellStore, _ tell: (AuditEvent) -> Void = { _ in }
    ) async throws -> [Agreement] {
        var found: [CellRecord] = []
        var undefended: [CellRecord] = []
        var agreements: [Agreement] = []
        // There is one audit for each seed, because adversaries may have been run with different
        // seeds.
        for seed in Set(cells.map(\.seed)).sorted() {
            let names = Set(cells.filter { $0.seed == seed }.map(\.adversary))
            var request = request
            request.seeds = [seed]
            request.battery = Battery(
                name: record.battery,
                spelledOut: record.adversaries.filter { names.contains($0.name) })
            for try await event in try Audit(request, store: store).run() {
                guard case .record(let now) = event else {
                    tell(event)
                    continue
                }
                found += now.cells
                undefended += now.undefendedCells ?? []
                if agreements.isEmpty {
                    agreements = Agreement.measurements(
                        record.baseline, now: now.baseline, subject: "untampered")
                    if let original = now.original {
                        agreements += Agreement.measurements(
                            record.original ?? [], now: original, subject: "original")
                    }
                }
            }
        }
        for cell in cells {
            guard let now = found.first(where: cell.isSame) else { continue }
            agreements += Agreement.cells(
                cell, now: now,
                outcome: record.outcomes.first { $0.adversary == cell.adversary })
        }
        for cell in record.undefendedCells ?? [] {
            guard let now = undefended.first(where: cell.isSame) else { continue }
            agreements += Agreement.cells(cell, now: now, outcome: nil, isUndefended: true)
        }
        return agreements.filter { !unknownMeasures.contains($0.number) }
    }
}

extension CellRecord {
    /// Returns whether another cell has the same adversary and seed.
    fileprivate func isSame(_ other: CellRecord) -> Bool {
        adversary == other.adversary && seed == other.seed
    }
}

extension AuditRecord {
    /// The date that the record's chat template got.
    fileprivate var conversationForm: ConversationForm {
        get throws {
            guard let text = evaluation?.templateDate else { return ConversationForm() }
            guard let date = try? Date(text, strategy: .iso8601.year().month().day()) else {
                throw InputError(
                    "evaluation.templateDate", "\"\(text)\" is not a date",
                    remedy: "use the record as Temper wrote it")
            }
            return ConversationForm(date: date)
        }
    }
}
