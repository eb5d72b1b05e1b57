// SPDX-License-Identifier: Apache-2.0
// Pre-tokenizers that look at one scalar after another.

/// Ways of cutting a text into runs of scalars.
enum ScalarRuns: Sendable {
    /// Runs of word characters and runs of others, without white space (`\w+|[^\w\s]+`).
    case words
    /// Runs of one script.
    case scripts
    /// Parts of so many scalars.
    case fixed(Int)
    /// What lies between the occurrences of a character.
    case delimited(by: [UInt8])

    /// Returns the parts of a text, in order.
    func split(_ text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        switch self {
        case .words: Self.words(of: text)
        case .scripts: Self.scripts(of: text)
        case .fixed(let length): Self.parts(of: text, length)
        case .delimited(let delimiter): Self.parts(of: text, between: delimiter)
        }
    }

    /// Returns the scalars that have a flag of `UnicodeClasses`.
    static func scalars(of text: UnsafeBufferPointer<UInt8>, with flag: UInt8) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = 0
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            if flags & flag != 0 { found.append(position..<position + length) }
            position += length
        }
        return found
    }

    private static func words(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = 0
        var kind = UnicodeClasses.space
        var position = 0
        func finish() {
            if kind != UnicodeClasses.space, position > start { words.append(start..<position) }
            start = position
        }
        while position < text.count {
            let (flags, length) = UnicodeClasses.read(at: position, of: text)
            let next = flags & (UnicodeClasses.word | UnicodeClasses.space)
            if next != kind { finish() }
            kind = next
            position += length
        }
        finish()
        return words
    }

    private static func scripts(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var starts: [Int] = []
        var last: UInt8 = 0
        var position = 0
        while position < text.count {
            let (point, length) = UnicodeClasses.scalar(at: position, of: text)
            let script = UnicodeClasses.scripts[point]
            // As in the reference, what stands before the first script is lost.
            if script != 0, last != script { starts.append(position) }
            if script != 0 { last = script }
            position += length
        }
        return zip(starts, starts.dropFirst() + [text.count]).map { $0..<$1 }
    }

    private static func parts(of text: UnsafeBufferPointer<UInt8>, _ length: Int) -> [Range<Int>] {
        var starts: [Int] = []
        var position = 0
        var count = 0
        while position < text.count {
            if count.isMultiple(of: length) { starts.append(position) }
            count += 1
            position += UnicodeClasses.scalar(at: position, of: text).length
        }
        return zip(starts, starts.dropFirst() + [text.count]).map { $0..<$1 }
    }

    private static func parts(
        of text: UnsafeBufferPointer<UInt8>, between delimiter: [UInt8]
    ) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = 0
        var position = 0
        while position < text.count, !delimiter.isEmpty {
            if text[position...].starts(with: delimiter) {
                parts.append(start..<position)
                position += delimiter.count
                start = position
            } else {
                position += 1
            }
        }
        parts.append(start..<text.count)
        return parts
    }
}
