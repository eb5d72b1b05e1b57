// SPDX-License-Identifier: Apache-2.0
// A contest: who competes at what, and what is expected.

/// A piece of work that both contenders are measured at.
struct Workload: Sendable {
    /// Where its result is shown.
    enum Table: String, CaseIterable, Sendable {
        case tasks, batch, length, size
    }

    /// What Temper ought to reach.
    enum Goal: Sendable {
        /// At least so many times as fast as the peer.
        case ratio(Double)
        /// At most so many seconds.
        case seconds(Double)
    }

    /// Who competes.
    enum Contest {
        /// Workers with the same job.
        case job(Job)
        /// Commands that are started anew each time.
        case commands(temper: CommandRun, peer: CommandRun?)
    }

    let name: String
    /// What it is, in a few words.
    let title: String
    var table = Table.tasks
    var rounds = 5
    var goal: Goal?
    /// What is counted; a rate is stated in it.
    var unit: String?
    var comparison = Comparison.within(1e-3)
    /// Whether `check` runs it.
    var isChecked = false
    /// Whether a whole audit is run, which takes minutes.
    var isAudit = false
    /// What is done, and how much of it in `unit`s.
    let contest: @Sendable (Setting) throws -> (Contest, amount: Double)
}
