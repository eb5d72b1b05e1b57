// SPDX-License-Identifier: Apache-2.0
// Where hardening and teaching are saved on their way, so that an interrupted run can be resumed.

internal import Checkpoints
internal import Crypto
package import Foundation
internal import JSONText
internal import LanguageModels
package import Records
package import Tensors
package import Training

/// The training of a defense, or of teaching, in a hidden directory beside what it is to become.
///
/// Hardening and teaching make one for a model that they read from disk, where no tampered model is.
/// No attack can import this target: what an attack trains cannot be saved.
package struct SavedTraining: TrainingStore {
    /// Everything that the bits of the result depend on.
    package struct Inputs: Codable, Sendable {
        /// The digest of the running program: other code may train otherwise.
        let program: String
        let engine: String
        let machine: Machine
        let model: String
        /// The checkpoint that the model was made from, where it is used.
        let original: String?
        let suite: String
        /// The defense's name, or `teaching`.
        let work: String
        let parameters: [String: ParameterValue]
        let seed: UInt64
        let prices: Prices

        package init(
            model: String, original: String? = nil, suite: String, work: String,
            parameters: [String: ParameterValue], seed: UInt64, prices: Prices
        ) {
            let code = Bundle.main.executableURL.flatMap {
                try? Data(contentsOf: $0, options: .alwaysMapped)
            }
            program = SHA256.hash(data: code ?? Data(temperVersion.utf8)).hexadecimal
            engine = Engine.nameAndVersion
            machine = .current
            (self.model, self.original, self.suite, self.work) = (model, original, suite, work)
            (self.parameters, self.seed, self.prices) = (parameters, seed, prices)
        }

        /// What differs from other inputs, in words.
        func differences(from other: Inputs) -> String {
            [
                ("another program", program == other.program && engine == other.engine),
                ("another machine", machine == other.machine),
                ("another model", model == other.model),
                ("another original", original == other.original), ("another suite", suite == other.suite),
                ("another defense", work == other.work),
                ("other parameters", parameters == other.parameters && prices == other.prices),
                ("another seed", seed == other.seed),
            ].filter { !$0.1 }.map { $0.0 }.joined(separator: " and ")
        }
    }

    /// What a file holds besides tensors.
    private struct Header: Codable, Sendable {
        let inputs: Inputs
        /// Which training of the work this is, counted from 0.
        let stage: Int
        let step: Int
        let cost: AttackCost
        let optimizerNumbers: [Double]
        let losses: [Float]
        /// The learning curves of the trainings before it.
        let earlierLosses: [[Float]]
    }

    private static let headerKey = "temper-training"

    private let directory: URL
    /// What this training depends on.
    private let inputs: Inputs
    private let interval: Duration
    /// Which training of the work is saved, counted from 0.
    private var stage = 0
    /// The weights that this training began with, by their sorted names; none for the first one,
    /// which begins with the model on disk.
    private var beginning: [Tensor] = []
    /// The learning curves of the trainings before this one.
    private var earlierLosses: [[Float]] = []
    /// What was found that may be taken up.
    private let found: Header?
    /// What was found, for a user; nil when there was nothing.
    package let report: String?

    /// Looks for what an earlier run saved.
    /// - Parameters:
    ///   - inputs: what the training depends on; what was saved of others is left alone until this
    ///     training is saved.
    ///   - output: the directory that will be written at the end; this one is beside it.
    ///   - interval: the seconds between two saves; 0 saves before each step.
    package init(of inputs: Inputs, beside output: URL, every interval: Double) {
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
            (found, report) = (nil, nil)
            return
        }
        let text = try? Checkpoint(at: directory).metadata[Self.headerKey]?.string
        let header = text.flatMap {
            try? RecordJSON.decoder().decode(Header.self, from: Data($0.utf8))
        }
        let differences = header?.inputs.differences(from: inputs)
        found = differences == "" ? header : nil
        report =
            if let found {
                "resumes after step \(found.step), as saved in \(directory.path)"
            } else {
                "begins anew: what is saved in \(directory.path) "
                    + (differences.map { "is of \($0)" } ?? "cannot be read")
            }
    }

    /// What was found of the work as a whole: the training that was under way, what it began with,
    /// and the learning curves before it; nil when the first training was under way, or none.
    package func savedStage() throws -> (stage: Int, weights: [Tensor], losses: [[Float]])? {
        guard let found, found.stage > 0 else { return nil }
        return (found.stage, try tensors("beginning"), found.earlierLosses)
    }

    /// The store of a later training of the same work.
    ///
    /// - Parameters:
    ///   - stage: Which training it is, counted from 0.
    ///   - weights: What it begins with, by sorted names.
    ///   - losses: The learning curves of the trainings before it.
    /// - Returns: A store that saves that training in place of this one.
    package func ofStage(
        _ stage: Int, beginningWith weights: [Tensor], after losses: [[Float]]
    ) -> SavedTraining {
        var store = self
        (store.stage, store.beginning, store.earlierLosses) = (stage, weights, losses)
        return store
    }

    /// What was found of this training, with its tensors; nil when there is nothing to take up.
    package func saved() throws -> SavedState? {
        guard let found, found.stage == stage else { return nil }
        return SavedState(
            step: found.step, cost: found.cost, parameters: try tensors("parameter"),
            optimizerTensors: try tensors("optimizer"), optimizerNumbers: found.optimizerNumbers,
            losses: found.losses)
    }

    /// The saved tensors of a kind.
    private func tensors(_ kind: String) throws -> [Tensor] {
        let checkpoint = try Checkpoint(at: directory)
        let count = checkpoint.names.count { $0.hasPrefix("\(kind).") }
        return try (0..<count).map { index in
            let name = "\(kind).\(index)"
            let shape = try checkpoint.tensor(name).shape
            return try checkpoint.withBytes(of: name) {
                Tensor(bytes: $0, shape: shape, type: .float32)
            }
        }
    }

    /// Replaces what is saved.
    /// - Returns: when to save next.
    /// - Throws: `InputError` when it cannot be written; what was saved before stands.
    package func save(_ state: SavedState) throws -> ContinuousClock.Instant {
        let start = ContinuousClock.now
        // The writer says why, when there is no directory.
        try? FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        let header = Header(
            inputs: inputs, stage: stage, step: state.step, cost: state.cost,
            optimizerNumbers: state.optimizerNumbers, losses: state.losses,
            earlierLosses: earlierLosses)
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
            sources("parameter", state.parameters) + sources("optimizer", state.optimizerTensors)
                + sources("beginning", beginning),
            to: directory)
        return next(after: start)
    }

    /// When to save after something that began then: saving takes a twentieth of the time at most.
    package func next(after start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now + (interval == .zero ? .zero : max(interval, (now - start) * 20))
    }

    /// Removes what is saved: it has become a model, or never will.
    package func remove() { try? FileManager.default.removeItem(at: directory) }

    /// An error for what was found and does not fit.
    package var mismatch: any Error {
        InputError(
            directory.path, "does not hold this training", remedy: "remove it and begin anew")
    }
}
