// SPDX-License-Identifier: Apache-2.0
// Python's newer way of putting values into a text: `text.format(...)`.

import JSONText

extension TemplateRenderer {
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
        guard nesting >= 0 else { throw position.error("Max string recursion exceeded") }
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
