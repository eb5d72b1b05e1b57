// SPDX-License-Identifier: Apache-2.0
// Classes of scalars as in the reference tokenizers. The tables are our own: the standard library's
// follow the system's Unicode version, and a token boundary must not depend on the system.

/// Classes of Unicode scalars: one byte of flags and one of the general category for each.
enum UnicodeClasses {
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4
    static let digit: UInt8 = 8
    static let word: UInt8 = 16
    static let mark: UInt8 = 32
    static let control: UInt8 = 64
    static let accent: UInt8 = 128

    /// The names of the general categories, by number.
    static let categoryNames = [
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
        "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
    ]

    /// The categories by code point; the greatest bit says that `StripAccents` removes the scalar.
    nonisolated(unsafe) static let categories: UnsafePointer<UInt8> = {
        let categories = UnsafeMutablePointer<UInt8>.allocate(capacity: scalarCount)
        categories.initialize(repeating: 0, count: scalarCount)
        var point = 0
        forEachRun(of: categoryRuns) { category, count in
            for _ in 0..<count where point < scalarCount {
                categories[point] = UInt8(category)
                point += 1
            }
        }
        let marks = mask(of: "M")
        for point in 0..<scalarCount where marks >> categories[point] & 1 == 1 {
            categories[point] |= isCombining
        }
        forEachRange(of: combining) { for point in $0 { categories[point] ^= isCombining } }
        return UnsafePointer(categories)
    }()
    static let isCombining: UInt8 = 0x80

    /// Flags by code point. They are complete before they are visible, never written again and
    /// never freed, so reading them from anywhere is safe.
    nonisolated(unsafe) static let flags: UnsafePointer<UInt8> = {
        let flags = UnsafeMutablePointer<UInt8>.allocate(capacity: scalarCount)
        flags.initialize(repeating: 0, count: scalarCount)
        let classes: [(flag: UInt8, categories: [String], difference: StaticString)] = [
            (letter, ["L"], ""), (number, ["N"], ""), (space, [], spaces),
            (digit, ["N"], digits), (word, ["L", "M", "Nd", "Nl", "Pc"], words),
            (mark, ["P"], punctuation), (control, ["Cc", "Cf", "Co"], controls),
            (accent, ["Mn"], accents),
        ]
        var byCategory = [UInt8](repeating: 0, count: categoryNames.count)
        for item in classes {
            let mask = item.categories.reduce(0) { $0 | Self.mask(of: $1) }
            for index in byCategory.indices where mask >> index & 1 == 1 {
                byCategory[index] |= item.flag
            }
        }
        for point in 0..<scalarCount {
            flags[point] = byCategory[Int(categories[point] & ~isCombining)]
        }
        for item in classes {
            forEachRange(of: item.difference) { for point in $0 { flags[point] ^= item.flag } }
        }
        return UnsafePointer(flags)
    }()

    /// Numbers of scripts by code point, as `UnicodeScripts` tells them apart; 0 joins with any.
    static let scripts: [UInt8] = {
        var scripts: [UInt8] = []
        scripts.reserveCapacity(scalarCount)
        for run in "\(scriptRuns)".split(whereSeparator: \.isWhitespace) {
            let parts = run.split(separator: ":").compactMap { Int($0) }
            if parts.count == 2 {
                scripts += repeatElement(UInt8(truncatingIfNeeded: parts[0]), count: parts[1])
            }
        }
        return scripts
    }()

    static let scalarCount = 0x110000

    /// Returns a bit for each category whose name starts with `name`, such as `L` or `Lu`.
    static func mask(of name: String) -> UInt32 {
        var mask: UInt32 = 0
        for (index, known) in categoryNames.enumerated() where known.hasPrefix(name) {
            mask |= 1 << index
        }
        return mask
    }

    /// Reads runs written as a letter for the category and a decimal length.
    private static func forEachRun(of runs: StaticString, _ body: (Int, Int) -> Void) {
        var category: Int?
        var count = 0
        func finish() { if let category { body(category, max(count, 1)) } }
        for byte in UnsafeBufferPointer(start: runs.utf8Start, count: runs.utf8CodeUnitCount) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): count = count * 10 + Int(byte & 15)
            case UInt8(ascii: "A")...UInt8(ascii: "z"):
                finish()
                category = Int(byte & 31) - 1 + (byte >= UInt8(ascii: "a") ? 26 : 0)
                count = 0
            default: break
            }
        }
        finish()
    }

    /// Reads ranges written as hexadecimal `first` or `first-last`.
    private static func forEachRange(of ranges: StaticString, _ body: (ClosedRange<Int>) -> Void) {
        for range in "\(ranges)".split(whereSeparator: \.isWhitespace) {
            let ends = range.split(separator: "-").compactMap { Int($0, radix: 16) }
            if let first = ends.first, let last = ends.last { body(first...last) }
        }
    }

    /// Returns the scalar that starts at `position` of valid UTF-8.
    ///
    /// - Parameters:
    ///   - position: A byte offset at the start of a scalar.
    ///   - bytes: Valid UTF-8.
    /// - Returns: The scalar's code point and its length in bytes.
    @inline(__always)
    static func scalar(
        at position: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (point: Int, length: Int) {
        let first = Int(bytes[position])
        if first < 0x80 { return (first, 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | Int(bytes[position + 1] & 0x3F), 2) }
        let second = Int(bytes[position + 1] & 0x3F)
        let third = Int(bytes[position + 2] & 0x3F)
        if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
        let fourth = Int(bytes[position + 3] & 0x3F)
        return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
    }

    /// Returns the flags of the scalar that starts at `position` of valid UTF-8, and its length.
    @inline(__always)
    static func read(
        at position: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (flags: UInt8, length: Int) {
        let (point, length) = scalar(at: position, of: bytes)
        return (flags[point], length)
    }
}

extension Unicode.Scalar {
    /// Whether the scalar has one of these flags of `UnicodeClasses`.
    func has(_ flags: UInt8) -> Bool { UnicodeClasses.flags[Int(value)] & flags != 0 }
}
