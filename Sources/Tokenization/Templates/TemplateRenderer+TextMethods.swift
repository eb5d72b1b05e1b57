// SPDX-License-Identifier: Apache-2.0
// The methods of texts.

import JSONText

extension TemplateRenderer {
    /// The methods of a text.
    static let textMethods: [String: Signature] = [
        "strip": "CHARS?", "lstrip": "CHARS?", "rstrip": "CHARS?", "upper": "", "lower": "",
        "title": "", "capitalize": "", "swapcase": "", "casefold": "", "format": "*",
        "format_map": "MAPPING", "startswith": "PART START? END?",
        "endswith": "PART START? END?", "split": "sep? maxsplit?", "rsplit": "sep? maxsplit?",
        "splitlines": "keepends?", "partition": "SEP", "rpartition": "SEP",
        "replace": "OLD NEW COUNT?", "find": "PART START? END?", "rfind": "PART START? END?",
        "index": "PART START? END?", "rindex": "PART START? END?", "count": "PART START? END?",
        "join": "VALUES", "removeprefix": "PART", "removesuffix": "PART", "zfill": "WIDTH",
        "center": "WIDTH FILL?", "ljust": "WIDTH FILL?", "rjust": "WIDTH FILL?",
        "expandtabs": "tabsize?", "isdigit": "", "isdecimal": "", "isnumeric": "", "isalpha": "",
        "isalnum": "", "isspace": "", "isupper": "", "islower": "", "istitle": "", "isascii": "",
        "isidentifier": "", "isprintable": "",
    ]

    /// Calls a method of a text.
    func call(
        _ arguments: BoundArguments, on text: String, isMarkup: Bool
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        func result(_ text: String) -> RuntimeValue { .text(text, isMarkup: isMarkup) }
        switch arguments.function {
        case "strip", "lstrip", "rstrip":
            let characters = try arguments.optionalText(0)
            return result(
                PythonText.strip(
                    text, characters, left: arguments.function != "rstrip",
                    right: arguments.function != "lstrip"))
        case "upper": return result(text.uppercased())
        case "casefold": return result(PythonText.foldedCase(text))
        case "lower": return result(text.lowercased())
        case "title": return result(PythonText.titled(text, atSpaces: false))
        case "capitalize": return result(PythonText.capitalized(text))
        case "swapcase": return result(PythonText.swappedCase(text))
        case "format":
            return result(try format(text, arguments.rest, isMarkup: isMarkup, position))
        case "format_map":
            guard case .dictionary(let members)? = arguments[0] else {
                throw position.error("format_map() takes a mapping")
            }
            let named = members.compactMap { member in
                member.key.string.map { (name: $0, value: member.value) }
            }
            return result(
                try format(text, CallArguments(named: named), isMarkup: isMarkup, position))
        case "startswith", "endswith", "find", "rfind", "index", "rindex", "count":
            return try search(arguments, in: text)
        case "split", "rsplit": return try split(arguments, text, isMarkup)
        case "partition", "rpartition":
            let separator = try arguments.text(0)
            guard !separator.isEmpty else { throw position.error("empty separator") }
            try spend(PythonText.work(text, separator), position)
            let parts = PythonText.partition(
                text, at: separator, fromEnd: arguments.function == "rpartition")
            return .tuple(of: parts.map(result))
        case "splitlines":
            return .list(
                of: PythonText.lines(of: text, keepsEnds: arguments.flag(0)), isMarkup: isMarkup)
        case "replace":
            let maximum = try arguments.integer(2, default: -1)
            return result(
                try replace(
                    text, try arguments.text(0), try argumentText(arguments, 1, isMarkup), maximum,
                    position))
        case "join":
            let elements = try elements(of: arguments[0] ?? .none, position)
            for element in elements where element.string == nil && !isMarkup {
                throw position.error("join() takes texts, found '\(element.typeName)'")
            }
            return result(try join(elements, with: text, escaping: isMarkup, position))
        case "removeprefix", "removesuffix":
            let part = try arguments.text(0)
            let isEnd = arguments.function == "removesuffix"
            guard PythonText.has(text, part, atEnd: isEnd) else { return result(text) }
            let count = part.utf8.count
            let rest = isEnd ? text.utf8.dropLast(count) : text.utf8.dropFirst(count)
            return result(String(decoding: rest, as: UTF8.self))
        case "center", "ljust", "rjust", "zfill":
            let width = try arguments.integer(0, default: 0)
            try checkLength(max(width, 0), position)
            let fill = try argumentText(arguments, 1, isMarkup, default: " ").unicodeScalars
            guard let first = fill.first, fill.count == 1 else {
                throw position.error("The fill character must be exactly one character long")
            }
            return result(PythonText.padded(text, to: width, first, arguments.function))
        case "expandtabs":
            let size = try arguments.integer(0, default: 8)
            try checkLength(PythonText.product(text.utf8.count, max(size, 1)), position)
            return result(PythonText.expandingTabs(text, size))
        default:
            return .boolean(PythonText.holds(arguments.function, for: text))
        }
    }

    /// Returns an argument that becomes a part of the result, escaped in a text that is safe.
    private func argumentText(
        _ arguments: BoundArguments, _ index: Int, _ isMarkup: Bool, default fallback: String? = nil
    ) throws(InputError) -> String {
        if let fallback, arguments[index] == nil { return fallback }
        let text = try arguments.text(index)
        return isMarkup && arguments[index]?.isMarkup == false ? PythonText.escaped(text) : text
    }

    private func split(
        _ arguments: BoundArguments, _ text: String, _ isMarkup: Bool
    ) throws(InputError) -> RuntimeValue {
        let maximum = try arguments.integer(1, default: -1)
        let fromEnd = arguments.function == "rsplit"
        guard let separator = try arguments.optionalText(0) else {
            let words = PythonText.splitAtSpace(text, maximum, fromEnd: fromEnd)
            return .list(of: words, isMarkup: isMarkup)
        }
        guard !separator.isEmpty else { throw arguments.position.error("empty separator") }
        try spend(PythonText.work(text, separator), arguments.position)
        let parts = PythonText.split(text, by: separator, maximum, fromEnd: fromEnd)
        return .list(of: parts, isMarkup: isMarkup)
    }

    private func search(
        _ arguments: BoundArguments, in whole: String
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        let (name, scalars) = (arguments.function, whole.unicodeScalars)
        var (text, offset, isInside) = (whole, 0, true)
        if arguments.optional(1) != nil || arguments.optional(2) != nil {
            let count = scalars.count
            let start = try arguments.optional(1) == nil ? 0 : arguments.integer(1, default: 0)
            let end = try arguments.optional(2) == nil ? count : arguments.integer(2, default: 0)
            let indices = Self.indices(count, start, end, 1)
            offset = min(max(start < 0 ? start + count : start, 0), count)
            isInside = start <= count
            text = String(scalars.dropFirst(offset).prefix(indices.count))
        }
        if name == "startswith" || name == "endswith" {
            var parts = [arguments[0] ?? .none]
            if case .tuple(let several) = parts[0] { parts = several.elements }
            for part in parts {
                guard let part = part.string else {
                    throw position.error("\(name)() takes a text or a tuple of texts")
                }
                if isInside, PythonText.has(text, part, atEnd: name == "endswith") {
                    return .boolean(true)
                }
            }
            return .boolean(false)
        }
        let part = try arguments.text(0)
        try spend(PythonText.work(text, part), position)
        if name == "count" {
            guard !part.isEmpty else {
                return .integer(isInside ? text.unicodeScalars.count + 1 : 0)
            }
            return .integer(PythonText.split(text, by: part, -1).count - 1)
        }
        let bytes = Array(text.utf8)
        let place =
            name.hasPrefix("r")
            ? PythonText.lastIndex(of: Array(part.utf8), in: bytes)
            : PythonText.firstIndex(of: Array(part.utf8), in: bytes)
        guard let place, isInside else {
            guard name.hasSuffix("find") else { throw position.error("substring not found") }
            return .integer(-1)
        }
        let before = String(decoding: bytes[..<place], as: UTF8.self)
        return .integer(offset + before.unicodeScalars.count)
    }

    // MARK: - Shared with filters

    /// Replaces text within the limits.
    func replace(
        _ text: String, _ old: String, _ new: String, _ maximum: Int, _ position: TemplatePosition
    ) throws(InputError) -> String {
        try spend(PythonText.work(text, old), position)
        let count = text.utf8.count / max(old.utf8.count, 1) + 1
        let growth = PythonText.product(count, new.utf8.count)
        if growth > Self.greatestTextLength - min(text.utf8.count, Self.greatestTextLength) {
            let pieces = old.isEmpty ? count : PythonText.split(text, by: old, maximum).count
            try checkLength(
                PythonText.product(pieces, new.utf8.count) + text.utf8.count, position)
        }
        return PythonText.replace(text, old, new, maximum)
    }

    /// Joins values as texts within the limits.
    func join(
        _ values: [RuntimeValue], with separator: String, escaping: Bool = false,
        _ position: TemplatePosition
    ) throws(InputError) -> String {
        var parts: [String] = []
        var length = 0
        for value in values {
            let text = try text(of: value, position)
            parts.append(escaping && !value.isMarkup ? PythonText.escaped(text) : text)
            length += (parts.last?.utf8.count ?? 0) + separator.utf8.count
            guard length <= Self.greatestTextLength else { break }
        }
        try checkLength(length, position)
        return parts.joined(separator: separator)
    }
}
