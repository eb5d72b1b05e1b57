// SPDX-License-Identifier: Apache-2.0
// Python's two ways of putting values into a text: `text % values` and `text.format(...)`.

import JSONText

extension TemplateRenderer {
    // MARK: - The operator %

    /// `format % values`
    ///
    /// - Parameters:
    ///   - format: The text with directives such as `%s`.
    ///   - values: A tuple of values, a mapping, or one value.
    ///   - isMarkup: Whether values are escaped.
    ///   - position: The place of the operator.
    /// - Returns: The text.
    /// - Throws: An error for a wrong directive or values that do not fit.
    func percent(
        _ format: String, _ values: RuntimeValue, isMarkup: Bool, _ position: TemplatePosition
    ) throws(InputError) -> String {
        var rest = Array(format.unicodeScalars)[...]
        try spend(rest.count / 8, position)
        var result = ""
        var positional: ArraySlice<RuntimeValue> = [values]
        if case .tuple(let several) = values { positional = several.elements[...] }
        func next() throws(InputError) -> RuntimeValue {
            guard let value = positional.popFirst() else {
                throw position.error("not enough arguments for format string")
            }
            return value
        }
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var value: RuntimeValue?
            if rest.first == "(" {
                guard let end = rest.firstIndex(of: ")"), case .dictionary(let members) = values
                else { throw position.error("%(name) takes a mapping") }
                let name = TemplateLexer.string(rest[(rest.startIndex + 1)..<end])
                guard let member = members[.string(name)] else {
                    throw position.error("the mapping has no \(name)")
                }
                value = member
                positional = []
                rest = rest[(end + 1)...]
            }
            var specification = FormatSpecification()
            specification.alignment = ">"
            while let flag = rest.first, "#0- +".unicodeScalars.contains(flag) {
                switch flag {
                case "#": specification.isAlternate = true
                case "0": specification.fill = "0"
                case "-": specification.alignment = "<"
                case "+": specification.sign = "+"
                default: if specification.sign != "+" { specification.sign = " " }
                }
                rest.removeFirst()
            }
            func size() throws(InputError) -> Int? {
                guard rest.first == "*" else { return FormatSpecification.takeNumber(&rest) }
                rest.removeFirst()
                guard case .integer(let size) = try next() else {
                    throw position.error("* wants int")
                }
                return size
            }
            if let width = try size() {
                if width < 0 { specification.alignment = "<" }
                specification.width = Int(min(width.magnitude, UInt(Int.max / 100)))
            }
            if rest.first == "." {
                rest.removeFirst()
                specification.precision = max(try size() ?? 0, 0)
            }
            while let length = rest.first, "hlL".unicodeScalars.contains(length) {
                rest.removeFirst()
            }
            guard let type = rest.popFirst() else { throw position.error("incomplete format") }
            if type == "%" {
                result += "%"
                continue
            }
            let argument = if let value { value } else { try next() }
            let piece = try directive(type, specification, argument, isMarkup, position)
            try checkLength(result.utf8.count + piece.utf8.count, work: piece.utf8.count, position)
            result += piece
        }
        let isContainer =
            switch values {
            case .dictionary, .list, .range, .undefined, .namespace: true
            default: false
            }
        guard positional.isEmpty || isContainer else {
            throw position.error("not all arguments converted during string formatting")
        }
        return result
    }

    private func directive(
        _ type: Unicode.Scalar, _ given: FormatSpecification, _ value: RuntimeValue,
        _ isMarkup: Bool, _ position: TemplatePosition
    ) throws(InputError) -> String {
        var specification = given
        guard specification.isBounded else { throw position.error("a width that is too great") }
        switch type {
        case "s", "r", "a":
            var text =
                type == "s"
                ? try text(of: value, position) : try representation(of: value, position)
            if isMarkup, !value.isMarkup || type != "s" { text = PythonText.escaped(text) }
            specification.fill = " "
            return specification.text(text)
        case "c":
            specification.fill = " "
            specification.precision = nil
            if let text = value.string, text.unicodeScalars.count == 1 {
                return specification.text(text)
            }
            guard let code = value.integer, code >= 0, code <= 0x10FFFF,
                let scalar = Unicode.Scalar(UInt32(code))
            else { throw position.error("%c requires int or char") }
            return specification.text(String(scalar))
        case "d", "i", "u", "x", "X", "o":
            guard let number = value.number,
                let integer = value.integer ?? Int(exactly: number.rounded(.towardZero)),
                value.integer != nil || "diu".unicodeScalars.contains(type)
            else {
                throw position.error("%\(type) format: a number is required, not \(value.typeName)")
            }
            specification.type = type == "i" || type == "u" ? "d" : type
            if specification.fill == "0", given.alignment != "<" { specification.alignment = "=" }
            if specification.alignment == "<" { specification.fill = " " }
            if let precision = specification.precision {
                return try self.precise(integer, precision, specification)
            }
            return specification.text(integer) ?? ""
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.number else {
                throw position.error("must be real number, not \(value.typeName)")
            }
            specification.type = type
            if specification.fill == "0", given.alignment != "<" { specification.alignment = "=" }
            if specification.alignment == "<" { specification.fill = " " }
            return specification.text(number) ?? ""
        default: throw position.error("unsupported format character '\(type)'")
        }
    }

    /// Returns a whole number with at least this many digits.
    private func precise(
        _ value: Int, _ digits: Int, _ given: FormatSpecification
    ) throws(InputError) -> String {
        var inner = given
        (inner.width, inner.fill, inner.alignment) = (0, "0", "=")
        let prefixLength = (inner.text(value) ?? "").unicodeScalars.count
        var plain = inner
        (plain.isAlternate, plain.sign) = (false, "-")
        let plainLength = (plain.text(value < 0 ? 0 : value) ?? "").unicodeScalars.count
        let digitCount = value < 0 ? String(value.magnitude).count : plainLength
        inner.width = prefixLength + max(digits - digitCount, 0)
        var outer = FormatSpecification()
        (outer.width, outer.fill, outer.alignment) = (given.width, given.fill, given.alignment)
        if given.fill == "0", given.alignment == "=" {
            inner.width = max(inner.width, given.width)
            return inner.text(value) ?? ""
        }
        return outer.text(inner.text(value) ?? "")
    }

    // MARK: - The method format

    /// `text.format(...)`
    ///
    /// - Parameters:
    ///   - text: The text with fields such as `{0}` and `{name}`.
    ///   - arguments: The values of the fields.
    ///   - isMarkup: Whether values are escaped.
    ///   - position: The place of the call.
    /// - Returns: The text.
    /// - Throws: An error for a wrong field or a value that is not there.
    func format(
        _ text: String, _ arguments: CallArguments, isMarkup: Bool, _ position: TemplatePosition
    ) throws(InputError) -> String {
        try spend(text.utf8.count / 8, position)
        var automatic: Int? = 0
        return try format(
            Array(text.unicodeScalars)[...], arguments, isMarkup, &automatic, nesting: 2, position)
    }

    private func format(
        _ template: ArraySlice<Unicode.Scalar>, _ arguments: CallArguments, _ isMarkup: Bool,
        _ automatic: inout Int?, nesting: Int, _ position: TemplatePosition
    ) throws(InputError) -> String {
        guard nesting > 0 else { throw position.error("Max string recursion exceeded") }
        var rest = template
        var result = ""
        while let scalar = rest.popFirst() {
            guard scalar == "{" || scalar == "}" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == scalar {
                rest.removeFirst()
                result.unicodeScalars.append(scalar)
                continue
            }
            guard scalar == "{" else {
                throw position.error("Single '}' encountered in format string")
            }
            let field = try field(&rest, position)
            let value = try fieldValue(field.name, arguments, &automatic, position)
            let specification = try format(
                field.specification, arguments, isMarkup, &automatic, nesting: nesting - 1,
                position)
            let piece = try formatted(
                try converted(value, field.conversion, position), specification, isMarkup, position)
            try checkLength(result.utf8.count + piece.utf8.count, work: piece.utf8.count, position)
            result += piece
        }
        return result
    }

    private typealias Field = (
        name: String, conversion: Unicode.Scalar?, specification: ArraySlice<Unicode.Scalar>
    )

    private func field(
        _ rest: inout ArraySlice<Unicode.Scalar>, _ position: TemplatePosition
    ) throws(InputError) -> Field {
        var depth = 1
        var isInItem = false
        var end: Int?
        var nameEnd: Int?
        for index in rest.indices {
            let scalar = rest[index]
            if scalar == "[", nameEnd == nil { isInItem = true }
            if scalar == "]" { isInItem = false }
            if isInItem { continue }
            if scalar == "{" { depth += 1 }
            if scalar == "}" { depth -= 1 }
            if depth == 1, nameEnd == nil, scalar == "!" || scalar == ":" { nameEnd = index }
            if depth == 0 {
                end = index
                break
            }
        }
        guard let end else { throw position.error("expected '}' before end of string") }
        let name = TemplateLexer.string(rest[rest.startIndex..<(nameEnd ?? end)])
        guard !name.contains("{") else { throw position.error("unexpected '{' in field name") }
        var tail = rest[(nameEnd ?? end)..<end]
        var conversion: Unicode.Scalar?
        if tail.first == "!" {
            tail.removeFirst()
            conversion = tail.popFirst()
            guard conversion != nil, tail.isEmpty || tail.first == ":" else {
                throw position.error("expected ':' after conversion specifier")
            }
        }
        if tail.first == ":" { tail.removeFirst() }
        rest = rest[(end + 1)...]
        return (name, conversion, tail)
    }

    private func fieldValue(
        _ name: String, _ arguments: CallArguments, _ automatic: inout Int?,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        var scalars = Array(name.unicodeScalars)[...]
        let first = TemplateLexer.string(scalars.prefix { $0 != "." && $0 != "[" })
        scalars = scalars.dropFirst(first.unicodeScalars.count)
        var value: RuntimeValue
        if first.isEmpty || Int(first) != nil {
            if first.isEmpty != (automatic != nil), automatic ?? 0 != 0 || first.isEmpty {
                throw position.error("numbered and automatic fields in one text")
            }
            let index = Int(first) ?? automatic ?? 0
            automatic = first.isEmpty ? index + 1 : nil
            guard arguments.positional.indices.contains(index) else {
                throw position.error("Replacement index \(index) out of range")
            }
            value = arguments.positional[index]
        } else {
            guard let named = arguments.named.first(where: { $0.name == first }) else {
                throw position.error("the text needs a value \(first)")
            }
            value = named.value
        }
        while let opening = scalars.popFirst() {
            let isItem = opening == "["
            let part = TemplateLexer.string(
                scalars.prefix { isItem ? $0 != "]" : $0 != "." && $0 != "[" })
            scalars = scalars.dropFirst(part.unicodeScalars.count)
            guard isItem || opening == ".", !part.isEmpty else {
                throw position.error("Empty attribute in format string")
            }
            if isItem {
                guard scalars.popFirst() == "]" else {
                    throw position.error("Missing ']' in format string")
                }
                value = try item(
                    Int(part).map { .integer($0) } ?? .string(part), of: value, position)
            } else {
                value = try attribute(part, of: value, position)
            }
        }
        return value
    }

    private func converted(
        _ value: RuntimeValue, _ conversion: Unicode.Scalar?, _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        switch conversion {
        case nil: value
        case "s": value.string == nil ? .string(try text(of: value, position)) : value
        case "r", "a": .string(try representation(of: value, position))
        default: throw position.error("Unknown conversion specifier")
        }
    }

    private func formatted(
        _ value: RuntimeValue, _ specification: String, _ isMarkup: Bool,
        _ position: TemplatePosition
    ) throws(InputError) -> String {
        if isMarkup {
            if case .markup(let text) = value {
                guard specification.isEmpty else {
                    throw position.error("a format for a text that is marked as safe")
                }
                return text
            }
            return PythonText.escaped(try formatted(value, specification, false, position))
        }
        guard !specification.isEmpty else { return try text(of: value, position) }
        guard let parsed = FormatSpecification(specification), parsed.isBounded else {
            throw position.error("Invalid format specifier '\(specification)'")
        }
        let result: String? =
            switch value {
            case .string(let text), .markup(let text):
                parsed.type ?? "s" == "s" && parsed.sign == "-" && parsed.alignment != "="
                    && parsed.grouping == nil && !parsed.isAlternate ? parsed.text(text) : nil
            case .boolean, .integer:
                parsed.precision != nil && !"eEfFgG%".unicodeScalars.contains(parsed.type ?? "d")
                    ? nil : value.integer.flatMap { parsed.text($0) }
            case .number(let number): parsed.text(number)
            default: nil
            }
        guard let result else {
            throw position.error(
                "unsupported format '\(specification)' for '\(value.typeName)'")
        }
        return result
    }
}
