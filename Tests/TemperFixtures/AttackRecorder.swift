// SPDX-License-Identifier: Apache-2.0
// An observer that keeps what attacks offer, where tests can look at it.

import LanguageModels
import Records
import Synchronization
import Tensors

@testable import Adversaries
@testable import Training

private final class Counter: Sendable {
    let value = Mutex(0)
}

/// Remembers what an attack offered.
struct AttackRecorder: AttackObserver {
    var steps: [Int] = []
    var costs: [AttackCost] = []
    /// The training loss since the last offer, where there is one.
    var losses: [Double] = []
    var models: [LanguageModel] = []
    var framings: [Framing] = []
    /// What would follow the prompt's tokens.
    var logits: [[Float]] = []
    /// The step after which the attack is told to stop.
    var stopsAt: Int?
    /// The steps that an earlier run is said to have measured.
    var decided: Set<Int> = []
    let prompt: [Int]
    private let count = Counter()
    /// How often the attack told that it went on.
    var advances: Int { count.value.withLock { $0 } }

    init(prompt: [Int]) {
        self.prompt = prompt
    }

    func decision(at step: Int) -> Bool? { decided.contains(step) ? true : nil }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        steps.append(step)
        costs.append(cost)
        losses += loss.map { [$0] } ?? []
        models.append(model.model)
        framings.append(model.framing)
        logits.append(try model.model.nextTokenLogProbabilities(after: [prompt]).values())
        return step != stopsAt
    }

    func advanced(to step: Int, note: String) throws { count.value.withLock { $0 += 1 } }

    /// Runs an attack before this observer.
    mutating func run(_ attack: some Attack, on target: AttackTarget, seed: UInt64) throws {
        var meter = CostMeter(model: target.model, prices: Prices())
        try attack.tamper(with: target, seed: seed, meter: &meter, observer: &self)
    }
}
