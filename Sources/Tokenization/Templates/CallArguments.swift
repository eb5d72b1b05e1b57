// SPDX-License-Identifier: Apache-2.0
// The arguments of a call, and how built-in functions take them: as Python binds them.

import JSONText

/// The evaluated arguments of a call.
struct CallArguments {
    var positional: [RuntimeValue] = []
    var named: [(name: String, value: RuntimeValue)] = []
}

/// The parameters of a built-in function.
///
/// Written as names with spaces between them. A name that ends in `?` may be left out, one in
/// capital letters is given by position only, and `*` takes any further arguments.
struct Signature: ExpressibleByStringLiteral, Sendable {
    private let names: [String]
    private let requiredCount: Int
    private let isOpen: Bool

    init(stringLiteral text: String) {
        let words = text.split(separator: " ").map(String.init)
        isOpen = words.last == "*"
        let parameters = isOpen ? words.dropLast() : words[...]
        requiredCount = parameters.count { !$0.hasSuffix("?") }
        names = parameters.map { $0.hasSuffix("?") ? String($0.dropLast()) : $0 }
    }

    /// Returns the arguments in the order of the parameters.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the call.
    ///   - function: The function's name.
    ///   - position: The place of the call.
    /// - Returns: The bound arguments.
    /// - Throws: An error for missing and unknown arguments.
    func bind(
        _ arguments: CallArguments, to function: String, _ position: TemplatePosition
    ) throws(InputError) -> BoundArguments {
        var values: [RuntimeValue?] = Array(repeating: nil, count: names.count)
        for (index, value) in arguments.positional.prefix(names.count).enumerated() {
            values[index] = value
        }
        var rest = CallArguments(positional: Array(arguments.positional.dropFirst(names.count)))
        for (name, value) in arguments.named {
            if let index = names.firstIndex(of: name), name != name.uppercased() {
                guard values[index] == nil else {
                    throw position.error("\(function)() got multiple values for \(name)")
                }
                values[index] = value
            } else {
                rest.named.append((name, value))
            }
        }
        if !isOpen {
            guard rest.positional.isEmpty else {
                throw position.error("\(function)() takes at most \(names.count) arguments")
            }
            if let extra = rest.named.first {
                throw position.error("\(function)() has no argument \(extra.name)")
            }
        }
        for index in 0..<requiredCount where values[index] == nil {
            throw position.error("\(function)() needs the argument \(names[index].lowercased())")
        }
        return BoundArguments(function: function, values: values, rest: rest, position: position)
    }
}

/// Arguments in the order of a function's parameters.
struct BoundArguments {
    let function: String
    private let values: [RuntimeValue?]
    /// The arguments beyond the parameters.
    let rest: CallArguments
    let position: TemplatePosition

    init(
        function: String, values: [RuntimeValue?], rest: CallArguments, position: TemplatePosition
    ) {
        self.function = function
        self.values = values
        self.rest = rest
        self.position = position
    }

    /// The argument, or nil if it is left out.
    subscript(index: Int) -> RuntimeValue? { values.indices.contains(index) ? values[index] : nil }

    /// The argument, or nil if it is left out or none.
    func optional(_ index: Int) -> RuntimeValue? {
        self[index].flatMap { $0.isNone ? nil : $0 }
    }

    /// Whether the argument is there and true.
    func flag(_ index: Int, default fallback: Bool = false) -> Bool {
        self[index]?.isTrue ?? fallback
    }

    /// Returns the argument, which must be a whole number.
    func integer(_ index: Int, default fallback: Int) throws(InputError) -> Int {
        guard let value = self[index] else { return fallback }
        guard let integer = value.integer else { throw unfit("a whole number", value) }
        return integer
    }

    /// Returns the argument, which must be a text.
    func text(_ index: Int) throws(InputError) -> String {
        let value = self[index] ?? .none
        guard let text = value.string else { throw unfit("a text", value) }
        return text
    }

    /// Returns the argument, which must be a text, or nil if it is left out or none.
    func optionalText(_ index: Int) throws(InputError) -> String? {
        try optional(index) == nil ? nil : text(index)
    }

    private func unfit(_ expected: String, _ value: RuntimeValue) -> InputError {
        position.error("\(function)() takes \(expected), not '\(value.typeName)'")
    }
}
