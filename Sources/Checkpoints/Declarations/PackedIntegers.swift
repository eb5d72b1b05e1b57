// SPDX-License-Identifier: Apache-2.0
// Integers of 2 to 8 bits that are packed into words of 32 bits.

/// A matrix of unsigned integers, packed along one of its axes into words of 32 bits. An integer may
/// continue in the next word.
package struct PackedIntegers: Sendable, Hashable {
    /// The axis along which integers follow one another in words.
    enum Axis: Sendable, Hashable { case across, down }

    /// The words: [lines, words of a line] if packed across, else the other way round.
    let words: StoredTensor
    let bits: Int
    let axis: Axis
    /// The place of each of the integers of a word; empty if they are in order.
    var order: [Int] = []

    /// The order in which AWQ's kernels want the eight integers of a word.
    static let interleaved = [0, 4, 1, 5, 2, 6, 3, 7]

    /// Checks that the words are a matrix of the right size.
    ///
    /// - Parameters:
    ///   - lines: The number of lines.
    ///   - count: The number of integers of a line.
    /// - Throws: An `InputError` that names the tensor of the words.
    func check(lines: Int, count: Int) throws {
        let (all, overflow) = count.multipliedReportingOverflow(by: bits)
        let length = overflow ? -1 : all / 32 + (all % 32 == 0 ? 0 : 1)
        let expected = axis == .across ? [lines, length] : [length, lines]
        guard words.elementType == .int32, words.shape == expected else {
            throw words.fault(
                "is \(words.elementType.rawValue) \(words.shape), where \(bits) bits need I32 "
                    + "\(expected)")
        }
    }
}
