// SPDX-License-Identifier: Apache-2.0
// Runs an audit, or a part of its jobs, and collects the record.

internal import Foundation
internal import JSONText
internal import Measuring
public import Records
internal import Synchronization

/// Receives an audit's events. It may throw to end the work.
typealias AuditListener = @Sendable (AuditEvent) throws -> Void

extension Audit {
    /// Runs the audit on a thread of its own. The last event is the record.
    ///
    /// If the iteration ends early, the audit is cancelled after its current step.
    ///
    /// - Returns: The events.
    public func run() -> AsyncThrowingStream<AuditEvent, any Error> {
        onThread { tell in try tell(.record(record(tell))) }
    }

    /// Does jobs without making a record, on a thread of its own.
    ///
    /// Several processes that share a store may do the jobs of one audit at once. Each takes jobs
    /// that no other process is working on, and waits for the results that it needs. Controls come
    /// first, because adversaries are compared with them.
    ///
    /// - Parameter keys: The jobs; nil does all of them, searches included.
    /// - Returns: The events.
    public func work(on keys: Set<String>? = nil) -> AsyncThrowingStream<AuditEvent, any Error> {
        onThread { try work(on: keys, $0) }
    }

    /// Makes the record of cells when all of them are done.
    ///
    /// - Returns: The record.
    /// - Throws: `InputError` when cells are missing, with their number.
    public func collect() throws -> AuditRecord {
        var audit = self
        audit.isCollecting = true
        let all = try audit.allJobs()
        let missing = try all.count { try !store.cell($0.key).isDone }
        guard missing == 0 else {
            throw InputError(
                "collect", "\(missing) of \(all.count) cells are not done",
                remedy: "do them with 'temper cell', and collect again")
        }
        return try audit.record { _ in }
    }

    /// Returns the jobs that are known now: the controls and the battery's adversaries, and those
    /// on the undefended original once it is measured. Trials of a search become known one after
    /// the other.
    ///
    /// - Returns: The jobs, controls first.
    /// - Throws: Errors of the store; `InputError`.
    public func allJobs() throws -> [CellJob] {
        var all = try [controlJob(isOriginal: false)]
        if request.original != nil { all.append(try controlJob(isOriginal: true)) }
        all += jobs
        if let control = all.dropFirst().first, request.original != nil,
            let baseline = try store.cell(control.key).trace.first?.measurements
        {
            all += try undefended(baseline: baseline)?.jobs ?? []
        }
        return all
    }

    private func work(on keys: Set<String>?, _ tell: @escaping AuditListener) throws {
        let baseline = try control(isOriginal: false, tell).measurements
        try requireSafeguard(in: baseline)
        var mine = jobs.filter { keys?.contains($0.key) ?? true }
        try tell(.planned(mine, isUndefended: false))
        try settle(&mine, baseline: baseline, tell)
        if try concernsOriginal(keys), let control = try undefendedControl(tell) {
            mine = control.audit.jobs.filter { keys?.contains($0.key) ?? true }
            try tell(.planned(mine, isUndefended: true))
            try control.audit.settle(&mine, baseline: control.baseline, tell)
        }
        if keys == nil { _ = try searched(baseline: baseline, tell) }
    }

    /// Returns whether some of the jobs are done on the model before hardening; nil stands for all.
    private func concernsOriginal(_ keys: Set<String>?) throws -> Bool {
        guard let keys else { return true }
        let own = try jobs.map(\.key) + [controlJob(isOriginal: false).key]
        return !keys.isSubset(of: own)
    }

    /// Does jobs in any order. Jobs on which no other process is working come first.
    private func settle(
        _ jobs: inout [CellJob], baseline: [MeasuredValue], _ tell: @escaping AuditListener
    ) throws {
        while !jobs.isEmpty {
            let before = jobs.count
            try jobs.removeAll { job in
                guard let stored = try attempt(job, baseline: baseline, tell) else { return false }
                try tell(.finished(job, record(of: job, stored, baseline: baseline)))
                return true
            }
            if jobs.count == before { try wait(tell) }
        }
    }

    /// Runs `body` on a thread of its own. It computes for hours, and would block a thread that
    /// Swift's tasks share.
    private func onThread(
        _ body: @escaping @Sendable (@escaping AuditListener) throws -> Void
    ) -> AsyncThrowingStream<AuditEvent, any Error> {
        AsyncThrowingStream { continuation in
            let cancellation = Cancellation()
            let thread = Thread {
                do {
                    try body { event in
                        try cancellation.check()
                        try limit?.check()
                        continuation.yield(event)
                    }
                    continuation.finish()
                } catch let outage as JudgeOutage {
                    continuation.finish(throwing: outage.cause)
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            // The engine traverses deep graphs by recursion.
            thread.stackSize = 64 << 20
            thread.start()
            continuation.onTermination = { _ in cancellation.cancel() }
        }
    }
}

/// Whether an audit should stop.
private final class Cancellation: Sendable {
    private let isCancelled = Mutex(false)

    func cancel() { isCancelled.withLock { $0 = true } }

    func check() throws {
        if isCancelled.withLock({ $0 }) { throw CancellationError() }
    }
}
