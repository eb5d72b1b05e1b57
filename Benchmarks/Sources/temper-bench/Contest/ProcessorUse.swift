// SPDX-License-Identifier: Apache-2.0
// Whether a measurement had the machine for itself.

import Foundation

/// Processor seconds since the machine started, where the system tells.
struct ProcessorUse {
    /// Of everything that ran.
    private let all: Double
    /// Of this process and of its children that have ended.
    private let own: Double

    /// What was used until now.
    static var now: ProcessorUse? {
        let file = try? String(contentsOfFile: "/proc/stat", encoding: .utf8)
        // user, nice, system, idle, waiting, interrupts (2), stolen by other machines
        let fields = (file?.split(separator: "\n").first ?? "").split(separator: " ")
        let ticks = fields.dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count == 8 else { return nil }
        let busy = ticks.reduce(0, +) - ticks[3] - ticks[4]
        let itself: Int32 = 0
        let children: Int32 = -1
        return ProcessorUse(
            all: busy / Double(sysconf(Int32(_SC_CLK_TCK))),
            own: seconds(of: itself) + seconds(of: children))
    }

    /// How many cores other processes kept busy on average.
    func coresOfOthers(since earlier: ProcessorUse, seconds: Double) -> Double {
        max(0, (all - earlier.all) - (own - earlier.own)) / seconds
    }

    private static func seconds(of who: Int32) -> Double {
        var usage = rusage()
        guard getrusage(who, &usage) == 0 else { return 0 }
        return [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
        }
    }
}
