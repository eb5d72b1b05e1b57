// SPDX-License-Identifier: Apache-2.0
// Runs a contest: both sides in turn, so that whatever else the machine does hits both.

import Foundation

extension Workload {
    /// Measures both sides.
    ///
    /// - Parameters:
    ///   - setting: Where they are.
    ///   - rounds: How often each does the work; by default as the workload says.
    ///   - versions: What the workers say they run on is added here.
    func measure(
        in setting: Setting, rounds: Int?, versions: inout [String: String]
    ) throws -> Measurement {
        let (contest, amount) = try contest(setting)
        let temper: any Contender
        let peer: (any Contender)?
        switch contest {
        case .job(let job):
            let workers = (
                try Worker(setting.worker, job: job), try Worker(setting.peer, job: job)
            )
            versions.merge(workers.0.versions) { $1 }
            versions.merge(workers.1.versions) { $1 }
            (temper, peer) = workers
        case .commands(let command, let other, let prepare):
            temper = CommandRun(command, prepare: prepare)
            peer = other.map { CommandRun($0) }
        }
        defer {
            temper.end()
            peer?.end()
        }
        let replies = try (1...(rounds ?? self.rounds)).map { round in
            let mine = try temper.iterate()
            let other = try peer?.iterate()
            let seconds = [mine.seconds, other?.seconds].compactMap { $0.map(inSeconds) }
            report("\(name), round \(round): \(seconds.joined(separator: " to "))")
            return (temper: mine, peer: other)
        }
        return Measurement(
            rounds: replies.count, amount: amount,
            temper: Side(
                seconds: replies.compactMap(\.temper.seconds), peakMemory: temper.peakMemory),
            peer: peer.map {
                Side(seconds: replies.compactMap(\.peer?.seconds), peakMemory: $0.peakMemory)
            },
            agreement: Agreement(
                replies.compactMap { pair in
                    guard let mine = pair.temper.result, let other = pair.peer?.result else {
                        return nil
                    }
                    return (mine, other)
                }, by: comparison))
    }
}

/// Says on standard error how far it is.
func report(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}
