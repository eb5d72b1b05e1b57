// SPDX-License-Identifier: Apache-2.0
// Token buckets: each client's fills steadily, and each request takes one out.

import Synchronization

/// Limits how often each client may ask.
final class RateLimiter: Sendable {
    private struct Bucket {
        var level: Double
        var time: ContinuousClock.Instant
    }

    /// Beyond this many clients the full buckets are forgotten, for they equal new ones.
    private static let mostClients = 10_000

    private let perSecond: Double
    private let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perMinute: Int, burst: Int) {
        perSecond = Double(max(perMinute, 1)) / 60
        self.burst = Double(max(burst, 1))
    }

    /// Takes one out of a client's bucket.
    ///
    /// - Parameters:
    ///   - client: Who asks.
    ///   - now: When.
    /// - Returns: Nil when there was one, else the seconds until there will be.
    func take(
        for client: String, now: ContinuousClock.Instant = .now
    ) -> Int? {
        buckets.withLock { known -> Int? in
            if known.count >= Self.mostClients {
                known = known.filter { level(of: $0.value, now) < burst }
                // Whoever came by ten thousand addresses at once shares what is left.
                if known.count >= Self.mostClients { known = [:] }
            }
            let filled = known[client].map { level(of: $0, now) } ?? burst
            let isGranted = filled >= 1
            let left = isGranted ? filled - 1 : filled
            known[client] = Bucket(level: left, time: now)
            return isGranted ? nil : Int(((1 - filled) / perSecond).rounded(.up))
        }
    }

    private func level(of bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        let passed = (now - bucket.time) / .seconds(1)
        return min(burst, bucket.level + max(passed, 0) * perSecond)
    }
}
