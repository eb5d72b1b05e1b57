// SPDX-License-Identifier: Apache-2.0
// Token buckets: each client's bucket fills steadily, and each request takes one token.

import Synchronization

/// Limits the rate of each client's requests.
final class RateLimiter: Sendable {
    private struct Bucket {
        var level: Double
        var time: ContinuousClock.Instant
    }

    /// The most clients. Beyond it the full buckets are removed, because they equal new ones.
    private static let mostClients = 10_000

    private let perSecond: Double
    private let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perMinute: Int, burst: Int) {
        perSecond = Double(max(perMinute, 1)) / 60
        self.burst = Double(max(burst, 1))
    }

    /// Takes a token from a client's bucket.
    ///
    /// - Parameters:
    ///   - client: The client's address.
    ///   - now: The current time.
    /// - Returns: Nil when there was a token, else the seconds until there is one.
    func take(
        for client: String, now: ContinuousClock.Instant = .now
    ) -> Int? {
        buckets.withLock { known -> Int? in
            if known.count >= Self.mostClients {
                known = known.filter { level(of: $0.value, now) < burst }
                // With this many clients at once, all buckets start full again.
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
