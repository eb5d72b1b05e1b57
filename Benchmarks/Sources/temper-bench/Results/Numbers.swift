// SPDX-License-Identifier: Apache-2.0
// Numbers as the page and the terminal show them.

import Foundation

extension Double {
    /// With so many digits that mean something, in scientific notation where it is small.
    func formatted(significantDigits digits: Int) -> String {
        if self != 0, abs(self) < 1e-3 { return String(format: "%.\(digits - 1)e", self) }
        let places = digits - 1 - (self == 0 ? 0 : Int(log10(abs(self)).rounded(.down)))
        let unit = pow(10, Double(-places))
        return String(format: "%.\(max(0, places))f", (self / unit).rounded() * unit)
    }
}

/// A time in a unit that suits it.
func timeText(_ seconds: Double) -> String {
    seconds < 1
        ? "\((seconds * 1000).formatted(significantDigits: 3)) ms"
        : "\(seconds.formatted(significantDigits: 3)) s"
}

/// An amount of memory in GiB.
func memoryText(_ bytes: Int) -> String {
    "\((Double(bytes) / 1_073_741_824).formatted(significantDigits: 3)) GiB"
}
