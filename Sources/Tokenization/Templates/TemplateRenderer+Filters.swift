// SPDX-License-Identifier: Apache-2.0
// Jinja's filters, which follow a `|`: their parameters, and those that are neither about texts nor
// about lists.

import Foundation
import JSONText

extension TemplateRenderer {
    /// The filters.
    static let filters: [String: Signature] = [
        "abs": "", "attr": "name", "batch": "linecount fill_with?", "capitalize": "",
        "center": "width?", "count": "", "d": "default_value? boolean?",
        "default": "default_value? boolean?", "dictsort": "case_sensitive? by? reverse?",
        "e": "", "escape": "", "filesizeformat": "binary?", "first": "", "float": "default?",
        "forceescape": "", "format": "*", "groupby": "attribute default? case_sensitive?",
        "indent": "width? first? blank?", "int": "default? base?", "items": "",
        "join": "d? attribute?", "last": "", "length": "", "list": "", "lower": "", "map": "*",
        "max": "case_sensitive? attribute?", "min": "case_sensitive? attribute?", "reject": "*",
        "rejectattr": "*", "replace": "old new count?", "reverse": "",
        "round": "precision? method?", "safe": "", "select": "*", "selectattr": "*",
        "slice": "slices fill_with?", "sort": "reverse? case_sensitive? attribute?", "string": "",
        "sum": "attribute? start?", "title": "",
        "tojson": "ensure_ascii? indent? separators? sort_keys?", "trim": "chars?",
        "truncate": "length? killwords? end? leeway?", "unique": "case_sensitive? attribute?",
        "upper": "", "urlencode": "", "wordcount": "", "xmlattr": "autospace?",
    ]

    private static let greatestIndent = 64

    /// Returns the error about a filter or test that does not exist.
    static func unknown(
        _ what: String, _ name: String, _ known: some Collection<String>,
        _ position: TemplatePosition
    ) -> InputError {
        position.error(
            "the \(what) \(name) is not supported",
            "supported: \(known.sorted().joined(separator: ", "))")
    }

    /// Applies a filter.
    func apply(
        _ filter: TemplateCall, to value: RuntimeValue
    ) throws(InputError) -> RuntimeValue {
        let arguments = try evaluate(filter.arguments, filter.position)
        return try apply(filter: filter.name, to: value, arguments, filter.position)
    }

    /// Applies the filter with this name.
    func apply(
        filter name: String, to value: RuntimeValue, _ arguments: CallArguments,
        _ position: TemplatePosition
    ) throws(InputError) -> RuntimeValue {
        guard let signature = Self.filters[name] else {
            throw Self.unknown("filter", name, Self.filters.keys, position)
        }
        try spend(value.weight, position)
        let arguments = try signature.bind(arguments, to: name, position)
        switch name {
        case "default", "d":
            let isMissing = value.isUndefined || arguments.flag(1) && !value.isTrue
            return isMissing ? arguments[0] ?? .string("") : value
        case "tojson": return .string(try json(value, arguments))
        case "attr": return try attribute(value, arguments)
        case "abs", "int", "float", "round", "filesizeformat": return try number(value, arguments)
        case "batch", "slice", "unique", "map", "select", "reject", "selectattr", "rejectattr",
            "items", "reverse":
            return try sequence(value, arguments)
        case "count", "length": return .integer(try count(of: value, position))
        case "first", "last", "list", "sort", "sum", "min", "max", "join", "groupby", "dictsort":
            return try list(value, arguments)
        default: return try text(value, arguments)
        }
    }

    private func attribute(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let name = try arguments.text(0)
        switch value {
        case .dictionary, .undefined:
            guard Self.methods(of: value)[name] != nil else {
                return .undefined("'\(value.typeName) object' has no attribute '\(name)'")
            }
            return .method(value, name)
        default: return try attribute(name, of: value, arguments.position)
        }
    }

    private func json(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> String {
        let position = arguments.position
        var writer = TemplateJSON()
        writer.isASCII = arguments.flag(0)
        writer.sortsKeys = arguments.flag(3)
        if let indent = arguments.optional(1) {
            let width = indent.string?.unicodeScalars.count ?? indent.integer ?? .max
            guard width <= Self.greatestIndent else {
                throw position.error("tojson indents by 0 to \(Self.greatestIndent) spaces")
            }
            writer.indentation = indent.string ?? String(repeating: " ", count: max(width, 0))
            writer.itemSeparator = ","
            try spend(value.weight * max(width, 0), position)
        }
        if let separators = arguments.optional(2) {
            let parts = try elements(of: separators, position)
            guard parts.count == 2, let item = parts[0].string, let key = parts[1].string else {
                throw position.error("tojson takes two separators, which are texts")
            }
            (writer.itemSeparator, writer.keySeparator) = (item, key)
            try checkLength(
                PythonText.product(value.weight + 1, item.utf8.count + key.utf8.count), position)
        }
        do {
            return try writer.text(of: value)
        } catch {
            throw position.error(error.text)
        }
    }

    // MARK: - Numbers

    private func number(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        let position = arguments.position
        if case .undefined(let reason) = value { throw position.error(reason) }
        switch arguments.function {
        case "int": return try whole(value, arguments)
        case "float":
            let number = value.number ?? value.string.flatMap(PythonNumber.number)
            return number.map(RuntimeValue.number) ?? arguments[0] ?? .number(0)
        case "filesizeformat":
            guard let size = value.number ?? value.string.flatMap(PythonNumber.number) else {
                break
            }
            return .string(PythonNumber.fileSize(size, isBinary: arguments.flag(0)))
        case "abs":
            if let integer = value.integer, integer != .min { return .integer(abs(integer)) }
            guard let number = value.number else { break }
            return .number(abs(number))
        default:
            let digits = try arguments.integer(0, default: 0)
            guard let number = value.number else { break }
            switch try arguments[1] == nil ? "common" : arguments.text(1) {
            case "common":
                if let integer = value.integer {
                    guard let rounded = PythonNumber.round(integer, digits: digits) else {
                        throw position.error("a whole number beyond 64 bits")
                    }
                    return .integer(rounded)
                }
                return .number(PythonNumber.round(number, digits: digits))
            case let method where method == "ceil" || method == "floor":
                guard (-300...300).contains(digits), number.isFinite else { break }
                let scale = pow(10.0, Double(digits))
                let scaled = (number * scale).rounded(method == "ceil" ? .up : .down)
                // Adding 0 makes -0 the 0 that a whole number of Python is.
                return .number((scaled + 0) / scale)
            default: throw position.error("method must be common, ceil or floor")
            }
        }
        throw position.error(
            "the filter \(arguments.function) takes a number, found '\(value.typeName)'")
    }

    private func whole(
        _ value: RuntimeValue, _ arguments: BoundArguments
    ) throws(InputError) -> RuntimeValue {
        if let integer = value.integer { return .integer(integer) }
        let base = try arguments.integer(1, default: 10)
        if let text = value.string, let integer = PythonNumber.integer(text, base: base) {
            return .integer(integer)
        }
        let fallback = arguments[0] ?? .integer(0)
        guard let number = value.number ?? value.string.flatMap(PythonNumber.number) else {
            return fallback
        }
        if let integer = Int(exactly: number.rounded(.towardZero)) { return .integer(integer) }
        guard number.isFinite || value.string != nil else {
            if number.isNaN { return fallback }
            throw arguments.position.error("cannot convert float infinity to integer")
        }
        guard !number.isFinite else {
            throw arguments.position.error("a whole number beyond 64 bits")
        }
        return fallback
    }
}
