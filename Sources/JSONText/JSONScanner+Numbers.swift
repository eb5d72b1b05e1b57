// SPDX-License-Identifier: Apache-2.0
// Numbers: no plus sign, no leading zero, digits on both sides of the point.

extension JSONScanner {
    /// Reads an array of non-negative integers.
    package mutating func naturals() throws -> [Int] { try array { try $0.natural() } }

    /// Reads a non-negative integer.
    package mutating func natural() throws(InputError) -> Int {
        let start = nextOffset()
        if let value = shortNatural() { return value }
        if current != UInt8(ascii: "-"), let (range, isWhole) = try? numberText(), isWhole,
            let value = Int(String(decoding: bytes[range], as: UTF8.self)), value >= 0
        {
            return value
        }
        throw error("a non-negative 63-bit integer is expected", at: start)
    }

    /// Reads a non-negative integer of up to 18 digits, which cannot overflow. Otherwise it skips
    /// nothing and returns nil.
    @inline(__always)
    private mutating func shortNatural() -> Int? {
        var value = 0
        var end = position
        while end < bytes.count, end - position < 18 {
            let digit = bytes[end] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ Int(digit)
            end += 1
        }
        guard end > position, end == bytes.count || !Self.isWord(bytes[end]) else { return nil }
        let hasLeadingZero = end - position > 1 && bytes[position] == UInt8(ascii: "0")
        guard !hasLeadingZero else { return nil }
        position = end
        return value
    }

    /// Reads a number. Whole numbers of 64 bits are exact.
    mutating func number() throws(InputError) -> JSON {
        let start = position
        if let value = shortNatural() { return .integer(value) }
        if case .read = nonFinite, let value = nonFiniteNumber() { return .number(value) }
        let (range, isWhole) = try numberText()
        let text = String(decoding: bytes[range], as: UTF8.self)
        if isWhole {
            if let integer = Int(text) { return .integer(integer) }
            if let integer = UInt64(text) { return .unsigned(integer) }
        }
        guard let number = Double(text), number.isFinite else {
            throw error("the number is too large", at: start)
        }
        return .number(number)
    }

    /// Reads one of the words that Python's `json` writes for numbers that are not finite.
    private mutating func nonFiniteNumber() -> Double? {
        if skipWord("NaN") { return .nan }
        if skipWord("Infinity") { return .infinity }
        return skipWord("-Infinity") ? -.infinity : nil
    }

    /// Skips a number.
    ///
    /// - Returns: The number's bytes, and whether it has neither a fraction nor an exponent.
    /// - Throws: An error when there is no number.
    mutating func numberText() throws(InputError) -> (range: Range<Int>, isWhole: Bool) {
        let start = position
        var end = start
        func next(_ characters: StaticString) -> Bool {
            guard end < bytes.count else { return false }
            let all = UnsafeBufferPointer(
                start: characters.utf8Start, count: characters.utf8CodeUnitCount)
            guard all.contains(bytes[end]) else { return false }
            end += 1
            return true
        }
        func digits() -> Bool {
            let first = end
            while end < bytes.count, bytes[end] &- UInt8(ascii: "0") < 10 { end += 1 }
            return end > first
        }
        _ = next("-")
        var isNumber = next("0") || digits()
        var isWhole = true
        if isNumber, next(".") {
            isWhole = false
            isNumber = digits()
        }
        if isNumber, next("eE") {
            isWhole = false
            _ = next("+-")
            isNumber = digits()
        }
        guard isNumber, end == bytes.count || !Self.isWord(bytes[end]) else {
            throw error("a value is expected", at: start)
        }
        position = end
        return (start..<end, isWhole)
    }
}
