// SPDX-License-Identifier: Apache-2.0
// A JSON value with its path, so that every error names the place.

/// A value inside a document.
package struct JSONNode: Sendable {
    /// The file's path or name.
    package let file: String
    /// The path inside the file, such as `model.merges[3]`; empty at the top.
    package let path: String
    /// The remedy in errors if the value is of another kind than expected.
    package let remedy: String
    /// The value.
    package let value: JSON

    /// Makes a node.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - file: The file's path or name.
    ///   - path: The path inside the file; empty at the top.
    ///   - remedy: The remedy in errors if the value is of another kind than expected.
    package init(_ value: JSON, file: String, path: String = "", remedy: String) {
        self.value = value
        self.file = file
        self.path = path
        self.remedy = remedy
    }

    /// Returns an error about this value.
    ///
    /// - Parameters:
    ///   - problem: What is wrong.
    ///   - remedy: What to do, or what is supported.
    /// - Returns: The error.
    package func error(_ problem: String, _ remedy: String) -> InputError {
        InputError(
            file: file, position: path.isEmpty ? "top level" : path, problem, remedy: remedy)
    }

    private func wrong(_ expected: String) -> InputError {
        error("\(expected) expected, found \(value.kind)", remedy)
    }

    /// Returns the member named `key`, or nil if it is missing or null.
    ///
    /// - Parameter key: The key. If it occurs several times, the last one counts.
    /// - Returns: The member's value.
    /// - Throws: An error when this is not an object.
    package func member(_ key: String) throws(InputError) -> JSONNode? {
        guard let member = try members().last(where: { $0.key == key }) else { return nil }
        if case .null = member.value { return nil }
        return JSONNode(
            member.value, file: file, path: path.isEmpty ? key : "\(path).\(key)", remedy: remedy)
    }

    /// Returns the member named `key`, which must exist.
    ///
    /// - Parameter key: The key.
    /// - Returns: The member's value.
    /// - Throws: An error when the member is missing or null, or this is not an object.
    package func required(_ key: String) throws(InputError) -> JSONNode {
        guard let member = try member(key) else { throw error("has no \"\(key)\"", remedy) }
        return member
    }

    /// Returns the elements of an array.
    package func elements() throws(InputError) -> [JSONNode] {
        guard case .array(let values) = value else { throw wrong("an array") }
        return values.enumerated().map { index, value in
            JSONNode(value, file: file, path: "\(path)[\(index)]", remedy: remedy)
        }
    }

    /// Returns the members of an object, in the file's order.
    package func members() throws(InputError) -> [JSON.Member] {
        guard case .object(let members) = value else { throw wrong("an object") }
        return members
    }

    /// Returns the value as a string.
    package func string() throws(InputError) -> String {
        guard case .string(let text) = value else { throw wrong("a string") }
        return text
    }

    /// Returns the value as a whole number that is not negative.
    package func count() throws(InputError) -> Int {
        guard case .integer(let number) = value, number >= 0 else {
            throw wrong("a whole number")
        }
        return number
    }

    /// Returns a boolean member.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - fallback: The value if the member is missing.
    /// - Returns: The member's value.
    /// - Throws: An error when the member is not a boolean, or this is not an object.
    package func flag(_ key: String, default fallback: Bool) throws(InputError) -> Bool {
        guard let member = try member(key) else { return fallback }
        guard case .boolean(let flag) = member.value else { throw member.wrong("a boolean") }
        return flag
    }
}
