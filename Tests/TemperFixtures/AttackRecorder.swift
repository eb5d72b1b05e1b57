// SPDX-License-Identifier: Apache-2.0
// An observer that keeps what attacks offer, where tests can look at it.

package import Adversaries
package import LanguageModels
package import Records
import Synchronization
import Tensors
import Training

private final class Counter: Sendable {
    let value = Mutex(0)
}

/// Remembers what an attack offered.
package struct AttackRecorder: AttackObserver {
    package var steps: [Int] = []
    package var costs: [AttackCost] = []
    /// The training loss since the last offer, where there is one.
    package var losses: [Double] = []
    package var models: [LanguageModel] = []
    package var framings: [Framing] = []
    /// What would follow the prompt's tokens.
    package var logits: [[Float]] = []
    /// The step after which the attack is told to stop.
    package var stopsAt: Int?
    /// The steps that an earlier run is said to have measured.
    package var decided: Set<Int> = []
    package let prompt: [Int]
    private let count = Counter()
    /// How often the attack told that it went on.
    package var advances: Int { count.value.withLock { $0 } }

    package init(prompt: [Int]) {
        self.prompt = prompt
    }

    package func decision(at step: Int) -> Bool? { decided.contains(step) ? true : nil }

    package mutating func observe(
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

    package func advanced(to step: Int, note: String) throws { count.value.withLock { $0 += 1 } }

    /// Runs an attack before this observer.
    package mutating func run(_ attack: some Attack, on target: AttackTarget, seed: UInt64) throws {
        var meter = CostMeter(model: target.model, prices: Prices())
        try attack.tamper(with: target, seed: seed, meter: &meter, observer: &self)
    }
}
