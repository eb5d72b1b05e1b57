// SPDX-License-Identifier: Apache-2.0
// Letters, numbers and white space as in the reference tokenizers' regular expressions. The tables
// are our own: the standard library's follow the system's Unicode version, and a token boundary
// must not depend on the system.

/// Classes of Unicode scalars, one byte of flags for each.
enum UnicodeClasses {
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4
    static let digit: UInt8 = 8

    /// Flags by code point. They are complete before they are visible, never written again and
    /// never freed, so reading them from anywhere is safe.
    nonisolated(unsafe) static let flags: UnsafePointer<UInt8> = {
        let flags = UnsafeMutablePointer<UInt8>.allocate(capacity: 0x110000)
        flags.initialize(repeating: 0, count: 0x110000)
        mark(letters, letter, in: flags)
        mark(numbers, number | digit, in: flags)
        mark(laterDigits, digit, in: flags)
        mark(spaces, space, in: flags)
        return UnsafePointer(flags)
    }()

    /// Sets `flag` for ranges written as hexadecimal `first` or `first-last`.
    private static func mark(
        _ ranges: StaticString, _ flag: UInt8, in flags: UnsafeMutablePointer<UInt8>
    ) {
        var first: Int?
        var value = 0
        func finish() {
            for point in (first ?? value)...value { flags[point] |= flag }
            first = nil
            value = 0
        }
        for byte in UnsafeBufferPointer(start: ranges.utf8Start, count: ranges.utf8CodeUnitCount) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Int(byte & 15)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | Int(byte & 15) + 9
            case UInt8(ascii: "-"):
                first = value
                value = 0
            default: finish()
            }
        }
        finish()
    }

    /// Returns the scalar that starts at `position` of valid UTF-8.
    ///
    /// - Parameters:
    ///   - position: A byte offset at the start of a scalar.
    ///   - bytes: Valid UTF-8.
    /// - Returns: The scalar's flags and its length in bytes.
    @inline(__always)
    static func read(
        at position: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (flags: UInt8, length: Int) {
        let first = Int(bytes[position])
        if first < 0x80 { return (flags[first], 1) }
        if first < 0xE0 {
            return (flags[(first & 0x1F) << 6 | Int(bytes[position + 1] & 0x3F)], 2)
        }
        let second = Int(bytes[position + 1] & 0x3F)
        let third = Int(bytes[position + 2] & 0x3F)
        if first < 0xF0 { return (flags[(first & 0x0F) << 12 | second << 6 | third], 3) }
        let fourth = Int(bytes[position + 3] & 0x3F)
        return (flags[(first & 0x07) << 18 | second << 12 | third << 6 | fourth], 4)
    }
}
