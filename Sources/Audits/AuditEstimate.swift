// SPDX-License-Identifier: Apache-2.0
// The time and the memory of an audit, before it starts.

internal import Adversaries
internal import Foundation
internal import LanguageModels
internal import Measuring
internal import Records
internal import Suites
internal import Tensors
internal import Training

/// The estimated effort of an audit, from its plan and a second of computing.
///
/// The seconds are estimated from the tokens that attacks and measures read, at two operations for
/// a parameter and a token, and from how fast this machine reads some prompts of the suite. The
/// figure is rough: adversaries that break the safeguard early cost less, and those that train all
/// weights on small batches cost more.
public struct AuditEstimate: Sendable, Hashable {
    /// The number of cells to be measured.
    public let cells: Int
    /// The number of cells in the store.
    public let storedCells: Int
    /// The time for the rest, in seconds.
    public let seconds: Double
    /// The most memory of tensors, in bytes. Mapped checkpoints count in full.
    public let bytes: Int
    /// The adversaries that cannot be used on this model, each with the reason.
    public let inapplicable: [String]
    /// What each adversary that can be used needs.
    public let needs: [Need]

    /// What one adversary needs of this machine.
    public struct Need: Codable, Sendable, Hashable {
        /// The adversary's name in the battery.
        public let adversary: String
        /// Its attack.
        public let attack: String
        /// The most memory of tensors, in bytes. Mapped checkpoints count in full.
        public let bytes: Int
        /// The time of one run with its measures, in seconds.
        public let seconds: Double
    }
}

extension Audit {
    /// Estimates the effort of the audit.
    ///
    /// - Throws: Errors of the store, the engine and the models.
    public func estimate() throws -> AuditEstimate {
        let tokens = try TokenCounts(request)
        var read = 0.0
        var stored = 0
        var bytes = 0
        var inapplicable: [String] = []
        var needs: [(job: CellJob, bytes: Int, read: Double)] = []
        for job in jobs {
            if let reason = job.inapplicability {
                let line = "\(job.adversary.name): \(reason)"
                if !inapplicable.contains(line) { inapplicable.append(line) }
                continue
            }
            let attack = try AttackCatalogue.attack(for: job.adversary)
            let extent = try attack.extent(on: request.target, seed: job.seed)
            let needed = request.bytes(extent)
            bytes = max(bytes, needed)
            let steps = attack.steps(within: request.budget)
            // A single step has only the full evaluation.
            let looks = steps > 1 ? Double(TracePoints.doubling.count(of: steps)) : 0
            let own = paid(extent, tokens) + looks * tokens.brief + tokens.full
            if !job.adversary.isControl, needs.last?.job.adversary.name != job.adversary.name {
                needs.append((job, needed, own))
            }
            if try store.cell(job.key).isDone {
                stored += 1
                continue
            }
            // A control has the measures of the untampered model.
            if job.adversary.isControl { continue }
            // Benign adversaries always run on the undefended original.
            let isMetTwice =
                attack.learning.data == .benign && request.original != nil
                && request.attacksOriginal
            read += isMetTwice ? 2 * own : own
        }
        for adversary in request.battery.adversaries where adversary.search != nil {
            let attack = try AttackCatalogue.attack(for: adversary)
            let extent = try attack.extent(on: request.target, seed: 0)
            let runs = Double(
                request.trials + (request.trials > 0 ? SearchRecord.confirmingSeeds.count : 0))
            read += runs * (paid(extent, tokens) + 3 * tokens.brief)
        }
        // The untampered model itself, and the one before hardening.
        if stored < jobs.count {
            read += (tokens.full + tokens.tax) * (request.original == nil ? 1 : 2)
        }
        let seconds = try secondsPerToken(tokens)
        return AuditEstimate(
            cells: jobs.count - stored, storedCells: stored, seconds: read * seconds, bytes: bytes,
            inapplicable: inapplicable,
            needs: needs.map { job, bytes, read in
                AuditEstimate.Need(
                    adversary: job.adversary.name, attack: job.adversary.attack, bytes: bytes,
                    seconds: read * seconds)
            })
    }

    /// Returns the tokens that an attack reads itself. Answers are included only if it learns from
    /// them.
    private func paid(
        _ extent: AttackExtent, _ tokens: TokenCounts
    ) -> Double {
        Double(extent.passes)
            * (extent.batchSize > 0 ? tokens.answered : tokens.prompt)
    }

    /// Returns the time in which the model reads a token on this machine: the best of several
    /// tries, because other processes may be running.
    private func secondsPerToken(_ tokens: TokenCounts) throws -> Double {
        let prompts = try request.suite.restricted.validation.prefix(8).map {
            try Subject(request.model).tokens(for: $0.prompt)
        }
        let clock = ContinuousClock()
        let start = clock.now
        var least = Double.infinity
        var tries = 0
        while tries < 2 || (tries < 8 && (clock.now - start).seconds < 1) {
            let begin = clock.now
            _ = try request.model.nextTokenLogProbabilities(after: prompts)
            least = min(least, (clock.now - begin).seconds)
            tries += 1
        }
        return least / Double(tokens.computed(prompts))
    }
}

/// The number of tokens that are read for a prompt, for a prompt with its answer, and for an
/// evaluation.
private struct TokenCounts {
    let prompt: Double
    let answered: Double
    let brief: Double
    let full: Double
    /// What an untampered model is asked besides.
    let tax: Double
    /// The tokens that all prompts begin with, which are computed once.
    private let shared: Int

    init(_ request: Audit.Request) throws {
        let suite = request.suite
        let subject = Subject(request.model)
        let sample = try suite.restricted.validation.prefix(16).map {
            try subject.tokens(for: $0.prompt)
        }
        let shared = try subject.tokensBeforePrompt()
        self.shared = shared
        prompt =
            sample.reduce(0) { $0 + Double(max($1.count - shared, 1)) }
            / Double(max(sample.count, 1))
        answered = prompt + Double(request.settings.mostTokens(of: request.model))
        brief = Double(suite.restricted.validation.count) * answered
        let tests = [
            suite.restricted.test.count, suite.lookalike.test.count, suite.benign.test.count,
        ]
        func choices(_ items: [CapabilityItem]) -> Double {
            items.reduce(0) { $0 + Double($1.choices.count) } * 6
        }
        let words = suite.retain.reduce(0) { $0 + $1.text.utf8.count }
        full =
            Double(tests.reduce(0, +)) * answered + choices(suite.capability) + Double(words) / 4
        tax = request.settings.measuresTax == true ? choices(suite.tax) : 0
    }

    /// Returns the number of tokens that are computed for prompts that are read together.
    func computed(_ prompts: [[Int]]) -> Int {
        max(1, prompts.reduce(shared) { $0 + max($1.count - shared, 1) })
    }
}
