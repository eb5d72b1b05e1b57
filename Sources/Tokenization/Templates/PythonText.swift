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

    /// Returns the last occurrence of `part`, as an offset in bytes.
    static func lastIndex(of part: [UInt8], in text: [UInt8], before end: Int? = nil) -> Int? {
        var position = (end ?? text.count) - part.count
        while position >= 0 {
            if text[position..<(position + part.count)].elementsEqual(part) { return position }
            position -= 1
        }
        return nil
    }

    /// `text.split(separator, maximum)` or `rsplit`, with a separator that is not empty.
    static func split(
        _ text: String, by separator: String, _ maximum: Int, fromEnd: Bool = false
    ) -> [String] {
        let bytes = Array(text.utf8)
        let part = Array(separator.utf8)
        func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var pieces: [String] = []
        if fromEnd {
            var end = bytes.count
            while maximum < 0 || pieces.count < maximum,
                let place = lastIndex(of: part, in: bytes, before: end)
            {
                pieces.append(string((place + part.count)..<end))
                end = place
            }
            return ([string(0..<end)] + pieces.reversed())
        }
        var start = 0
        while maximum < 0 || pieces.count < maximum,
            let place = firstIndex(of: part, in: bytes, from: start)
        {
            pieces.append(string(start..<place))
            start = place + part.count
        }
        return pieces + [string(start..<bytes.count)]
    }

    /// `text.partition(separator)` or `rpartition`
    static func partition(_ text: String, at separator: String, fromEnd: Bool) -> [String] {
        let parts = split(text, by: separator, 1, fromEnd: fromEnd)
        guard parts.count > 1 else { return fromEnd ? ["", "", text] : [text, "", ""] }
        return [parts[0], separator, parts[1]]
    }

    /// `text.split(None, maximum)` or `rsplit`: at white space.
    static func splitAtSpace(_ text: String, _ maximum: Int, fromEnd: Bool = false) -> [String] {
        var scalars = Array(text.unicodeScalars)
        if fromEnd { scalars.reverse() }
        func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
            TemplateLexer.string(fromEnd ? part.reversed()[...] : part)
        }
        var pieces: [String] = []
        var rest = scalars.drop(while: \.isPythonSpace)
        while !rest.isEmpty {
            if maximum >= 0, pieces.count >= maximum {
                pieces.append(string(rest))
                break
            }
            let word = rest.prefix { !$0.isPythonSpace }
            pieces.append(string(word))
            rest = rest[word.endIndex...].drop(while: \.isPythonSpace)
        }
        return fromEnd ? pieces.reversed() : pieces
    }

    /// `text.splitlines()`
    static func lines(of text: String, keepsEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var followsReturn = false
        var isOpen = false
        for scalar in text.unicodeScalars {
            defer { followsReturn = scalar == "\r" }
            if scalar == "\n", followsReturn {
                if keepsEnds, let last = lines.indices.last { lines[last] += "\n" }
                continue
            }
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                if keepsEnds { line.append(scalar) }
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

    /// `repr(text)`
    static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\": result += "\\\\"
            case "'" where quote == "'": result += "\\'"
            default:
                if scalar.isPrintable {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += escape(scalar)
                }
            }
        }
        return result + quote
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let (letter, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        let digits = String(scalar.value, radix: 16)
        return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
    }

    /// Returns the text with the characters of HTML's syntax replaced.
    static func escaped(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): result += "&amp;".utf8
            case UInt8(ascii: "<"): result += "&lt;".utf8
            case UInt8(ascii: ">"): result += "&gt;".utf8
            case UInt8(ascii: "'"): result += "&#39;".utf8
            case UInt8(ascii: "\""): result += "&#34;".utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension Unicode.Scalar {
    /// Whether Python's `repr()` shows the scalar as it is.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
