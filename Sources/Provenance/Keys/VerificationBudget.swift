// SPDX-License-Identifier: Apache-2.0
// How much work the unverified content of one file may cost.

/// What is left for the signatures of a file that anyone can write to.
///
/// A signature that names a trusted key is verified with that key. One that names none could be any
/// key's, so it costs a verification for each. Otherwise a few kilobytes by a stranger would cost
/// minutes.
struct VerificationBudget {
    /// Verifications with the key that a signature names.
    private var named = 1_024
    /// Verifications of signatures that name no trusted key.
    private var guesses = 256
    /// Certificates on paths to a root.
    private var certificates = 512

    /// The kinds of work.
    enum Work {
        /// A verification with the key that the signature names.
        case named
        /// A verification with a key that the signature does not name.
        case guess
        /// The path of so many certificates.
        case path(Int)
    }

    /// Takes the price of some work, and returns whether it was there.
    mutating func spend(_ work: Work) -> Bool {
        switch work {
        case .named: Self.take(1, from: &named)
        case .guess: Self.take(1, from: &guesses)
        case .path(let count): Self.take(count, from: &certificates)
        }
    }

    private static func take(_ price: Int, from rest: inout Int) -> Bool {
        guard rest >= price else { return false }
        rest -= price
        return true
    }
}
