// SPDX-License-Identifier: Apache-2.0
// Python's string methods. They search UTF-8, because Swift's own search would also find
// canonically equivalent text.

/// Functions on text with Python's behaviour.
enum PythonText {
    /// Returns the work of searching `text` for `part`, in the renderer's steps.
    static func work(_ text: String, _ part: String) -> Int {
        let (length, width) = (text.utf8.count, part.utf8.count)
        return length / 32 + length / 8 * width / 8
    }

    /// Returns the first occurrence of `part`, as an offset in bytes.
    static func firstIndex(of part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        guard let first = part.first else { return start }
        var position = start
        while position + part.count <= text.count {
            if text[position] == first {
                var length = 1
                while length < part.count, text[position + length] == part[length] { length += 1 }
                if length == part.count { return position }
            }
            position += 1
        }
        return nil
    }

    /// `text.split(separator, maximum)`, with a separator that is not empty.
    static func split(_ text: String, by separator: String, _ maximum: Int) -> [String] {
        let bytes = Array(text.utf8)
        let part = Array(separator.utf8)
        var pieces: [String] = []
        var start = 0
        while maximum < 0 || pieces.count < maximum,
            let place = firstIndex(of: part, in: bytes, from: start)
        {
            pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
            start = place + part.count
        }
        return pieces + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// `text.split(None, maximum)`: at white space.
    static func splitAtSpace(_ text: String, _ maximum: Int) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars.drop(while: \.isPythonSpace)
        while !rest.isEmpty {
            if maximum >= 0, pieces.count >= maximum {
                pieces.append(String(rest))
                break
            }
            let word = rest.prefix { !$0.isPythonSpace }
            pieces.append(String(word))
            rest = rest[word.endIndex...].drop(while: \.isPythonSpace)
        }
        return pieces
    }

    /// `text.splitlines()`
    static func lines(of text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var followsReturn = false
        var isOpen = false
        for scalar in text.unicodeScalars {
            defer { followsReturn = scalar == "\r" }
            if scalar == "\n", followsReturn { continue }
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(String(line))
                line = String.UnicodeScalarView()
                isOpen = false
            default:
                line.append(scalar)
                isOpen = true
            }
        }
        return isOpen ? lines + [String(line)] : lines
    }

    /// `text.replace(old, new, maximum)`
    static func replace(_ text: String, _ old: String, _ new: String, _ maximum: Int) -> String {
        guard old.isEmpty else {
            return split(text, by: old, maximum).joined(separator: new)
        }
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if maximum < 0 || count < maximum { result += new }
            count += 1
            result.unicodeScalars.append(scalar)
        }
        return maximum < 0 || count < maximum ? result + new : result
    }

    /// `text.strip(characters)` at the given ends; nil means white space.
    static func strip(_ text: String, _ characters: String?, left: Bool, right: Bool) -> String {
        func goes(_ scalar: Unicode.Scalar) -> Bool {
            characters.map { $0.unicodeScalars.contains(scalar) } ?? scalar.isPythonSpace
        }
        var rest = text.unicodeScalars[...]
        if left { rest = rest.drop(while: goes) }
        while right, let last = rest.last, goes(last) { rest.removeLast() }
        return String(rest)
    }

    /// `text.capitalize()`
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        let rest = String(text.unicodeScalars.dropFirst())
        return first.properties.titlecaseMapping + rest.lowercased()
    }

    /// `text.title()`; with `atSpaces`, Jinja's filter, in which words start only after space and
    /// opening brackets.
    static func titled(_ text: String, atSpaces: Bool) -> String {
        var result = ""
        var startsWord = true
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            let first = atSpaces ? properties.uppercaseMapping : properties.titlecaseMapping
            result += startsWord ? first : properties.lowercaseMapping
            startsWord =
                atSpaces
                ? scalar.isPythonSpace || "-([{<".unicodeScalars.contains(scalar)
                : !properties.isCased
        }
        return result
    }

    /// `text.startswith(part)`, or `endswith`
    static func has(_ text: String, _ part: String, atEnd: Bool) -> Bool {
        atEnd
            ? text.utf8.reversed().starts(with: part.utf8.reversed())
            : text.utf8.starts(with: part.utf8)
    }
}
