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
    /// - Returns: Times, memory and agreement.
    /// - Throws: `ContenderError` when one of them fails.
    func measure(
        in setting: Setting, rounds: Int?, versions: inout [String: String]
    ) throws -> Measurement {
        let (contest, amount) = try contest(setting)
        let clock = ContinuousClock()
        let (start, useAtStart) = (clock.now, ProcessorUse.now)
        let temper: any Contender
        let peer: (any Contender)?
        switch contest {
        case .job(let job):
            let mine = try Worker(setting.worker, job: job)
            let other = try Worker(setting.peer, job: job)
            versions.merge(mine.versions) { $1 }
            versions.merge(other.versions) { $1 }
            (temper, peer) = (mine, other)
        case .commands(let mine, let other): (temper, peer) = (mine, other)
        }

        var replies: (temper: [Reply], peer: [Reply]) = ([], [])
        for round in 1...(rounds ?? self.rounds) {
            replies.temper.append(try temper.iterate())
            if let peer { replies.peer.append(try peer.iterate()) }
            let seconds = [replies.temper, replies.peer].compactMap { $0.last?.seconds }
            report("\(name), round \(round): \(seconds.map(timeText).joined(separator: " to "))")
        }
        let sides = (
            Side(replies.temper, peakMemory: temper.peakMemory),
            peer.map { Side(replies.peer, peakMemory: $0.peakMemory) }
        )
        // Processor time is counted when a process has ended.
        temper.end()
        peer?.end()
        let others = useAtStart.flatMap { earlier in
            ProcessorUse.now?.coresOfOthers(
                since: earlier, seconds: (clock.now - start) / .seconds(1))
        }
        return Measurement(
            rounds: replies.temper.count, amount: amount, temper: sides.0, peer: sides.1,
            agreement: Agreement(
                replies.temper.compactMap(\.result), replies.peer.compactMap(\.result),
                by: comparison),
            coresOfOthers: others)
    }
}

/// Says on standard error how far it is.
func report(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}
