// SPDX-License-Identifier: Apache-2.0
// Python's older way of putting values into a text: `text % values`.

import JSONText

extension TemplateRenderer {
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
            case .dictionary, .list, .range, .undefined: true
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
}
