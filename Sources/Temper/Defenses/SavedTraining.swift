// SPDX-License-Identifier: Apache-2.0
// Where hardening and teaching are saved on their way, so that they go on where they were stopped.

internal import Checkpoints
internal import Crypto
public import Foundation
internal import LanguageModels
public import Records
internal import Tensors

/// The training of a defense, or of teaching, in a hidden directory beside what it is to become.
///
/// Only the two initialisers in this file make one. They read their model from disk, where no
/// tampered model is, and no attack is given one: what an attack trains cannot be saved.
public struct SavedTraining: Sendable {
    /// Everything that the bits of the result depend on.
    fileprivate struct Inputs: Codable, Sendable {
        /// The digest of the running program: other code may train otherwise.
        let program: String
        let engine: String
        let machine: Machine
        let model: String
        let suite: String
        /// The defense's name, or `teaching`.
        let work: String
        let parameters: [String: ParameterValue]
        let seed: UInt64
        let prices: Prices

        init(
            model: String, suite: String, work: String, parameters: [String: ParameterValue],
            seed: UInt64, prices: Prices
        ) {
            let code = Bundle.main.executableURL.flatMap {
                try? Data(contentsOf: $0, options: .alwaysMapped)
            }
            program = SHA256.hash(data: code ?? Data(temperVersion.utf8)).hexadecimal
            engine = engineVersion
            machine = .current
            (self.model, self.suite, self.work) = (model, suite, work)
            (self.parameters, self.seed, self.prices) = (parameters, seed, prices)
        }

        /// What differs from other inputs, in words.
        func differences(from other: Inputs) -> String {
            [
                ("another program", program == other.program && engine == other.engine),
                ("another machine", machine == other.machine),
                ("another model", model == other.model), ("another suite", suite == other.suite),
                ("another defense", work == other.work),
                ("other parameters", parameters == other.parameters && prices == other.prices),
                ("another seed", seed == other.seed),
            ].filter { !$0.1 }.map { $0.0 }.joined(separator: " and ")
        }
    }

    /// What a file holds besides tensors.
    private struct Header: Codable, Sendable {
        let inputs: Inputs
        let step: Int
        let cost: AttackCost
        let optimizerNumbers: [Double]
    }

    private static let headerKey = "temper-training"

    private let directory: URL
    /// What this training depends on.
    private let inputs: Inputs
    private let interval: Duration
    /// What was found that may be taken up.
    private let found: Header?
    /// A word on what was found, for a user; nil when there was nothing.
    private let news: String?

    /// Looks for what an earlier run saved.
    /// - Parameters:
    ///   - inputs: what the training depends on; what was saved of others is left alone until this
    ///     training is saved.
    ///   - output: the directory that will be written at the end; this one is beside it.
    ///   - interval: the seconds between two saves; 0 saves before each step.
    fileprivate init(of inputs: Inputs, beside output: URL, every interval: Double) {
        let output = output.standardizedFileURL
        self.inputs = inputs
        self.interval = .seconds(interval)
        let directory = output.deletingLastPathComponent()
            .appendingPathComponent(".\(output.lastPathComponent).training")
        self.directory = directory
        let files = FileManager.default
        func names() -> [String] { (try? files.contentsOfDirectory(atPath: directory.path)) ?? [] }
        // What was being written when a run was killed.
        for name in names() where name.hasSuffix(".partial") {
            try? files.removeItem(at: directory.appendingPathComponent(name))
        }
        guard !names().isEmpty else {
            (found, news) = (nil, nil)
            return
        }
        let text = try? Checkpoint(at: directory).metadata[Self.headerKey]?.string
        let header = text.flatMap {
            try? RecordJSON.decoder().decode(Header.self, from: Data($0.utf8))
        }
        let differences = header?.inputs.differences(from: inputs)
        found = differences == "" ? header : nil
        news =
            if let found {
                "goes on behind step \(found.step), as saved in \(directory.path)"
            } else {
                "begins anew: what is saved in \(directory.path) "
                    + (differences.map { "is of \($0)" } ?? "cannot be read")
            }
    }

    /// What was found, with its tensors; nil when there is nothing to take up.
    func state() throws -> FineTuning.State? {
        guard let found else { return nil }
        let checkpoint = try Checkpoint(at: directory)
        func tensors(_ kind: String) throws -> [Tensor] {
            let count = checkpoint.names.count { $0.hasPrefix("\(kind).") }
            return try (0..<count).map { index in
                let name = "\(kind).\(index)"
                let shape = try checkpoint.tensor(name).shape
                return try checkpoint.withBytes(of: name) {
                    Tensor(bytes: $0, shape: shape, type: .float32)
                }
            }
        }
        return FineTuning.State(
            step: found.step, cost: found.cost, parameters: try tensors("parameter"),
            optimizerTensors: try tensors("optimizer"), optimizerNumbers: found.optimizerNumbers)
    }

    /// Replaces what is saved.
    /// - Returns: when to save next.
    /// - Throws: `CheckpointError` when it cannot be written; what was saved before stands.
    func save(_ state: FineTuning.State) throws -> ContinuousClock.Instant {
        let start = ContinuousClock.now
        // The writer says why, when there is no directory.
        try? FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        let header = Header(
            inputs: inputs, step: state.step, cost: state.cost,
            optimizerNumbers: state.optimizerNumbers)
        var writer = SafetensorsWriter()
        writer.shardSize = .max
        let text = try RecordJSON.encoder(pretty: false).encode(header)
        writer.metadata = [Self.headerKey: String(decoding: text, as: UTF8.self)]
        func sources(_ kind: String, _ tensors: [Tensor]) -> [TensorSource] {
            tensors.enumerated().map { index, tensor in
                TensorSource(
                    name: "\(kind).\(index)", elementType: .float32, shape: tensor.shape,
                    bytes: { try tensor.withBytes($0) })
            }
        }
        try writer.write(
            sources("parameter", state.parameters) + sources("optimizer", state.optimizerTensors),
            to: directory)
        return next(after: start)
    }

    /// When to save after something that began then: saving takes a twentieth of the time at most.
    func next(after start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now + (interval == .zero ? .zero : max(interval, (now - start) * 20))
    }

    /// Removes what is saved: it has become a model, or never will.
    func remove() { try? FileManager.default.removeItem(at: directory) }

    /// Tells a user what was found.
    fileprivate func tell(_ progress: (HardeningProgress) throws -> Void) rethrows {
        guard let news else { return }
        try progress(HardeningProgress(phase: news, done: 0, total: 0, note: ""))
    }

    /// An error for what was found and does not fit.
    var misfit: LanguageModelError {
        LanguageModelError(
            directory.path, "does not hold this training", remedy: "remove it and begin anew")
    }
}

extension HardenedModel {
    /// Hardens a model on disk so that the same call goes on where it was stopped.
    ///
    /// The training is saved in a hidden directory beside the output, which ``write(to:replacing:)``
    /// removes. The result has the bits of an uninterrupted run.
    /// - Parameters:
    ///   - url: the model's files.
    ///   - defense: how.
    ///   - suite: the safeguard.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - prices: what turns operations into dollars.
    ///   - output: the directory that will be written.
    ///   - interval: the seconds between two saves; 0 saves before each step.
    ///   - progress: hears of each step, and of what was found; may throw to end the work.
    /// - Throws: as ``init(hardening:by:suite:seed:prices:progress:)`` does, and `CheckpointError`
    ///   when the training cannot be saved.
    public init(
        hardening url: URL, by defense: any Defense, suite: Suite, seed: UInt64,
        prices: Prices = Prices(), savingBeside output: URL, every interval: Double = 60,
        progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        let model = try LanguageModel(at: url)
        let saved = SavedTraining(
            of: .init(
                model: try Checkpoint(at: url).digest(), suite: suite.digest,
                work: type(of: defense).name, parameters: try parameterValues(of: defense),
                seed: seed, prices: prices),
            beside: output, every: interval)
        try saved.tell(progress)
        try self.init(
            hardening: model, by: defense, suite: suite, seed: seed, prices: prices, saved: saved,
            progress: progress)
    }
}

extension TaughtModel {
    /// Teaches a model so that the same call goes on where it was stopped.
    ///
    /// The training is saved in a hidden directory beside the output, which ``write(to:replacing:)``
    /// removes. The result has the bits of an uninterrupted run.
    /// - Parameters:
    ///   - url: the model's files.
    ///   - suite: a knowledge restriction.
    ///   - teaching: how.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - prices: what turns operations into dollars.
    ///   - output: the directory that will be written.
    ///   - interval: the seconds between two saves; 0 saves before each step.
    ///   - progress: hears of each step, and of what was found; may throw to end the work.
    /// - Throws: as ``init(teaching:suite:by:seed:prices:progress:)`` does, and `CheckpointError`
    ///   when the training cannot be saved.
    public init(
        teaching url: URL, suite: Suite, by teaching: Teaching = Teaching(), seed: UInt64,
        prices: Prices = Prices(), savingBeside output: URL, every interval: Double = 60,
        progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        let saved = SavedTraining(
            of: .init(
                model: try Checkpoint(at: url).digest(), suite: suite.digest, work: "teaching",
                parameters: try parameterValues(of: teaching), seed: seed, prices: prices),
            beside: output, every: interval)
        try saved.tell(progress)
        do {
            try self.init(
                teaching: url, suite: suite, by: teaching, seed: seed, prices: prices, saved: saved,
                progress: progress)
        } catch let error as TeachingError {
            saved.remove()
            throw error
        }
    }
}
