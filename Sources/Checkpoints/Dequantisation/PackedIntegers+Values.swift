// SPDX-License-Identifier: Apache-2.0
// Reads integers of 2 to 8 bits from words of 32 bits.

extension PackedIntegers {
    /// Returns an integer.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - index: The index in the line.
    ///   - source: The bytes of the words.
    /// - Returns: The integer, not negative.
    @inline(__always)
    func value(line: Int, _ index: Int, _ source: Stored) -> Int32 {
        let place = order.isEmpty ? index : index & ~7 | order[index & 7]
        let bit = place &* bits
        let stride = axis == .across ? 1 : words.columns
        let start = axis == .across ? line &* words.columns : line
        let word = start &+ bit / 32 &* stride
        let shift = UInt32(bit % 32)
        var value = source.word(at: 4 &* word) &>> shift
        if shift + UInt32(bits) > 32 {
            value |= source.word(at: 4 &* (word &+ stride)) &<< (32 &- shift)
        }
        return Int32(bitPattern: value & (1 &<< UInt32(bits) &- 1))
    }
}
