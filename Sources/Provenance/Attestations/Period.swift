// SPDX-License-Identifier: Apache-2.0
// Lengths of time as commands and policies write them.

public import Foundation

/// A length of time such as `180d` or `12h`.
public struct Period: Sendable, Hashable, CustomStringConvertible {
    /// The text as it was written.
    public let description: String
    /// Its length.
    public let seconds: TimeInterval

    /// Makes a number of days.
    public init(days: Int) {
        description = "\(days)d"
        seconds = Double(days) * 86_400
    }

    /// Reads whole days or hours, at least one and at most 100 years.
    public init?(_ text: String) {
        let unit: Double? = text.hasSuffix("d") ? 86_400 : text.hasSuffix("h") ? 3_600 : nil
        let digits = text.dropLast()
        guard let unit, (1...7).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Double(digits),
            count >= 1, count * unit <= 36_525 * 86_400
        else { return nil }
        description = text
        seconds = count * unit
    }
}
