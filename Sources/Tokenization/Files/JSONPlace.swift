// SPDX-License-Identifier: Apache-2.0
// A JSON value together with where it stands, so that every complaint names its place.

/// A value inside a tokenizer file.
struct JSONPlace {
    let file: String
    let path: String
    let value: JSON

    /// An error about this place.
    ///
    /// - Parameters:
    ///   - problem: What is wrong.
    ///   - remedy: What to do, or what is supported.
    /// - Returns: The error, ready to be thrown.
    func error(_ problem: String, _ remedy: String) -> TokenizationError {
        TokenizationError(
            file: file, place: path.isEmpty ? "top level" : path, problem: problem, remedy: remedy)
    }

    private func wrong(_ expected: String) -> TokenizationError {
        error("\(expected) expected, found \(value.kind)", "this is not a tokenizer as known here")
    }

    /// The member named `key`, or nil when it is missing or null.
    func member(_ key: String) throws(TokenizationError) -> JSONPlace? {
        guard case .object(let members) = value else { throw wrong("an object") }
        guard let member = members.last(where: { $0.key == key }) else { return nil }
        if case .null = member.value { return nil }
        return JSONPlace(
            file: file, path: path.isEmpty ? key : "\(path).\(key)", value: member.value)
    }

    /// The member named `key`, which must be there.
    func required(_ key: String) throws(TokenizationError) -> JSONPlace {
        guard let member = try member(key) else {
            throw error("has no \"\(key)\"", "this is not a tokenizer as known here")
        }
        return member
    }

    /// The elements of an array.
    func elements() throws(TokenizationError) -> [JSONPlace] {
        guard case .array(let values) = value else { throw wrong("an array") }
        return values.enumerated().map { index, value in
            JSONPlace(file: file, path: "\(path)[\(index)]", value: value)
        }
    }

    /// The members of an object, in the file's order.
    func members() throws(TokenizationError) -> [JSON.Member] {
        guard case .object(let members) = value else { throw wrong("an object") }
        return members
    }

    /// The value as a string.
    func string() throws(TokenizationError) -> String {
        guard case .string(let text) = value else { throw wrong("a string") }
        return text
    }

    /// The value as a whole number that is not negative.
    func count() throws(TokenizationError) -> Int {
        guard case .integer(let number) = value, number >= 0 else {
            throw wrong("a whole number")
        }
        return number
    }

    /// The boolean member named `key`, or `fallback` when it is missing.
    func flag(_ key: String, default fallback: Bool) throws(TokenizationError) -> Bool {
        guard let member = try member(key) else { return fallback }
        guard case .boolean(let flag) = member.value else { throw member.wrong("a boolean") }
        return flag
    }

    /// The text of a `pattern`: `{"String": ...}` or `{"Regex": ...}`.
    func pattern() throws(TokenizationError) -> (text: String, isRegex: Bool) {
        if let literal = try member("String") { return (try literal.string(), false) }
        return (try required("Regex").string(), true)
    }
}
