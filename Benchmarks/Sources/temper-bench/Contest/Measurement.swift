// SPDX-License-Identifier: Apache-2.0
// What a contest gave.

/// The times and the memory of one side.
struct Side: Codable, Sendable {
    /// Of the rounds, in seconds.
    let median: Double
    let fastest: Double
    let slowest: Double
    /// Of the whole process since its start, in bytes.
    let peakMemory: Int?

    /// Seconds that parts of the last round took, by name.
    let parts: [String: Double]?

    init(_ replies: [Reply], peakMemory: Int?) {
        let sorted = replies.compactMap(\.seconds).sorted()
        let upper = sorted.dropFirst(sorted.count / 2).first ?? .nan
        let lower = sorted.dropFirst((sorted.count - 1) / 2).first ?? .nan
        median = (lower + upper) / 2
        fastest = sorted.first ?? .nan
        slowest = sorted.last ?? .nan
        self.peakMemory = peakMemory
        parts = replies.last?.parts
    }
}

/// A contest's outcome.
struct Measurement: Codable, Sendable {
    let rounds: Int
    /// How much was done in a round, in the workload's unit.
    let amount: Double
    let temper: Side
    let peer: Side?
    /// How many times as fast as the peer Temper is: the ratio of the medians.
    let ratio: Double?
    let agreement: Agreement?
    /// How many cores other processes kept busy meanwhile, on average.
    let coresOfOthers: Double?

    init(
        rounds: Int, amount: Double, temper: Side, peer: Side?, agreement: Agreement?,
        coresOfOthers: Double?
    ) {
        self.rounds = rounds
        self.amount = amount
        self.temper = temper
        self.peer = peer
        ratio = peer.map { $0.median / temper.median }
        self.agreement = agreement
        self.coresOfOthers = coresOfOthers
    }
}
