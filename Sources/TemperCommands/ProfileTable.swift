// SPDX-License-Identifier: Apache-2.0
// Prints how the time of a command was spent.

import Foundation
import Tensors

/// Prints seconds by activity, then seconds by kernel.
func printProfile() {
    let activities = Profile.activities
    let total = activities.filter { $0.path.count == 1 }.reduce(0) { $0 + $1.seconds }
    print("\n  seconds  share  times  activity")
    for activity in activities {
        let name =
            String(repeating: "  ", count: activity.path.count - 1) + (activity.path.last ?? "")
        printRow(activity.seconds, of: total, times: activity.count, name: name)
    }
    let timings = Engine.timings.filter { $0.calls > 0 }
    let products = timings.first { $0.name == Engine.Timing.products }
    let kernels = timings.filter { $0.name != Engine.Timing.products }
        .sorted { $0.seconds > $1.seconds }
    print("\n  seconds  share  times  kernel")
    for kernel in kernels {
        printRow(kernel.seconds, of: total, times: kernel.calls, name: kernel.name)
    }
    let rest = total - kernels.reduce(0) { $0 + $1.seconds }
    printRow(rest, of: total, times: nil, name: "everything else: the engine's operations, Swift")
    if let products {
        let seconds = products.seconds / Double(Engine.threadCount)
        printRow(
            seconds, of: total, times: products.calls,
            name: "of all these, matrix products (thread-seconds / threads)")
    }
}

private func printRow(_ seconds: Double, of total: Double, times: Int?, name: String) {
    let share = total > 0 ? 100 * seconds / total : 0
    let times = times.map(String.init) ?? ""
    let padding = String(repeating: " ", count: max(0, 7 - times.count))
    print(String(format: "%9.1f  %4.0f%%", seconds, share) + padding + times + "  " + name)
}
