// SPDX-License-Identifier: Apache-2.0
// How long an audit will take and how much memory, before it starts.

internal import Foundation
internal import LanguageModels
internal import Records
internal import Tensors

/// What an audit will take, as far as that can be told from its plan and a second of computing.
///
/// The seconds follow from the tokens that attacks and measures read, at two operations for a
/// parameter and a token, and from how fast this machine reads some prompts of the suite. It is a
/// rough figure: adversaries that break the safeguard early cost less.
public struct AuditEstimate: Sendable, Hashable {
    /// Cells that are still to be measured.
    public let cells: Int
    /// Cells that the store has already.
    public let storedCells: Int
    /// What the rest takes, in seconds.
    public let seconds: Double
    /// The most memory that tensors take, in bytes; checkpoints that are mapped count in full.
    public let bytes: Int
}

extension Audit {
    /// Estimates what the audit will take.
    /// - Throws: errors of the store, the engine and the models.
    public func estimate() throws -> AuditEstimate {
        let tokens = try TokenCounts(request)
        var passes = 0.0
        var stored = 0
        for cell in plan.cells {
            if try store.cell(cell.key).isFinished {
                stored += 1
                continue
            }
            let attack = try AttackCatalogue.attack(for: cell.adversary)
            let steps = attack.steps(within: request.budget)
            // After 1, 2, 4, 8 ... steps and at the end.
            let looks = steps > 0 ? floor(log2(Double(steps))) + 1 : 0
            passes +=
                Double(attack.passes(within: request.budget, suite: request.suite))
                * tokens.prompt + looks * tokens.brief + tokens.full
        }
        for adversary in plan.battery.adversaries where adversary.search != nil {
            let attack = try AttackCatalogue.attack(for: adversary)
            let paid = Double(attack.passes(within: request.budget, suite: request.suite))
            let runs = Double(
                request.trials + (request.trials > 0 ? Self.confirmingSeeds.count : 0))
            passes += runs * (paid * tokens.prompt + 3 * tokens.brief)
        }
        // The model itself, and the one before hardening.
        if stored < plan.cells.count {
            passes += tokens.full * (request.original == nil ? 1 : 2)
        }
        return AuditEstimate(
            cells: plan.cells.count - stored, storedCells: stored,
            seconds: try passes * secondsPerToken(), bytes: try bytes(tokens))
    }

    /// How long the model takes to read a token on this machine.
    private func secondsPerToken() throws -> Double {
        let prompts = try request.suite.restricted.validation.prefix(8).map {
            try Subject(request.model).tokens(for: $0.prompt)
        }
        let clock = ContinuousClock()
        var least = Double.infinity
        for _ in 0..<2 {
            let start = clock.now
            _ = try request.model.nextTokenLogProbabilities(after: prompts)
            least = min(least, (clock.now - start).seconds)
        }
        let own = prompts.reduce(0) { $0 + $1.count }
        return least / Double(max(own, 1))
    }

    /// Checkpoints, the copy that is tampered with, and what a step or an answer keeps.
    private func bytes(_ tokens: TokenCounts) throws -> Int {
        let model = request.model.configuration
        let decoding = min(
            Double(model.keptBytesPerToken * request.settings.batchSize) * (tokens.prompt + 64),
            request.batchBytes.map(Double.init) ?? .infinity)
        var training = 0.0
        for cell in plan.cells {
            let attack = try AttackCatalogue.attack(for: cell.adversary)
            let steps = attack.steps(within: request.budget)
            guard steps > 1 else { continue }
            let paid = Double(attack.passes(within: request.budget, suite: request.suite))
            // A token leaves some eight rows of the stream's width, and three of the inner one.
            let row = Double(8 * model.width + 3 * model.feedForwardWidth) * 4
            training = max(
                training, paid / Double(3 * steps) * tokens.prompt * row * Double(model.layerCount))
        }
        return request.checkpointBytes + Int(max(decoding, training))
    }
}

extension Audit.Request {
    /// The models, mapped or not, and the copy that is tampered with.
    fileprivate var checkpointBytes: Int {
        func size(_ model: LanguageModel) -> Int {
            model.weights.values.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size }
        }
        return 2 * size(model) + (original.map { size($0.model) } ?? 0)
    }

    /// What the limit of memory leaves to batches, in bytes: half of the rest, as a step of decoding
    /// needs room besides what it keeps.
    var batchBytes: Int? { memory.map { max(0, $0 - checkpointBytes) / 2 } }
}

extension DecoderConfiguration {
    /// The keys and values of a token in every layer, in bytes.
    var keptBytesPerToken: Int {
        2 * attention.keyValueHeadCount * attention.headDimension * layerCount
            * MemoryLayout<Float>.size
    }
}

/// How many tokens are read for a prompt with its answer, and for the looks at a model.
private struct TokenCounts {
    let prompt: Double
    let brief: Double
    let full: Double

    init(_ request: Audit.Request) throws {
        let suite = request.suite
        let sample = suite.restricted.validation.prefix(16)
        let own = try sample.map { try Subject(request.model).tokens(for: $0.prompt).count }
        let shared = try Subject(request.model).tokens(for: "").count
        // What prompts have in common is computed once.
        let length = Double(own.reduce(0, +)) / Double(max(own.count, 1)) - Double(shared)
        prompt = max(length, 1) + Double(request.settings.answerTokens)
        brief = Double(suite.restricted.validation.count) * prompt
        let tests = [
            suite.restricted.test.count, suite.lookalike.test.count, suite.benign.test.count,
        ]
        let choices = suite.capability.reduce(0) { $0 + $1.choices.count }
        let words = suite.retain.reduce(0) { $0 + $1.text.utf8.count }
        full = Double(tests.reduce(0, +)) * prompt + Double(choices) * 6 + Double(words) / 4
    }
}
