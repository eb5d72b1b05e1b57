// SPDX-License-Identifier: Apache-2.0
// Where the time of an audit goes, by what it was doing.

internal import Synchronization

/// The seconds that activities have taken since the process began; activities nest.
///
/// Activities are coarse (an evaluation, a training step), so that timing them is always on and
/// costs nothing that could be measured. Those of two audits in one process add up.
public enum Profile {
    /// One activity.
    public struct Activity: Sendable, Hashable {
        /// What contains it, outermost first, and its own name.
        public let path: [String]
        /// How long it took in all, in seconds.
        public let seconds: Double
        /// How often it was entered.
        public let count: Int
    }

    @TaskLocal private static var path: [String] = []
    private static let totals = Mutex<[[String]: (seconds: Double, count: Int)]>([:])

    /// All activities, each before what it contains, and among its like the longest first.
    public static var activities: [Activity] {
        let totals = totals.withLock { $0 }
        func below(_ path: [String]) -> [Activity] {
            totals.filter { $0.key.count == path.count + 1 && $0.key.starts(with: path) }
                .sorted {
                    ($1.value.seconds, $0.key.last ?? "") < ($0.value.seconds, $1.key.last ?? "")
                }
                .flatMap { key, total in
                    [Activity(path: key, seconds: total.seconds, count: total.count)] + below(key)
                }
        }
        return below([])
    }

    /// Runs work and counts its time for an activity within the one that is running.
    package static func time<Result>(
        _ activity: String, _ work: () throws -> Result
    ) rethrows -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        let path = path + [activity]
        defer {
            let seconds = (clock.now - start).seconds
            totals.withLock { totals in
                let before = totals[path] ?? (0, 0)
                totals[path] = (before.seconds + seconds, before.count + 1)
            }
        }
        return try $path.withValue(path, operation: work)
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
