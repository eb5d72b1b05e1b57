// SPDX-License-Identifier: Apache-2.0
// Parameters inside others, by dotted names such as `training.learningRate`.

extension ParameterValue {
    /// Returns the value at a dotted path. A number in it is an index in a list, from 0.
    ///
    /// - Parameter path: The path, such as `stages.0.attack`.
    /// - Returns: The value; nil if there is none.
    package func value(at path: String) -> ParameterValue? {
        value(at: path.split(separator: ".")[...])
    }

    /// Returns the same value with a replacement at an existing dotted path.
    ///
    /// - Parameters:
    ///   - value: The replacement.
    ///   - path: The path, such as `stages.0.attack`.
    /// - Returns: The value with the replacement, or unchanged if the path does not exist.
    package func setting(_ value: ParameterValue, at path: String) -> ParameterValue {
        setting(value, at: path.split(separator: ".")[...])
    }

    private func value(at path: ArraySlice<Substring>) -> ParameterValue? {
        guard let name = path.first else { return self }
        let inner =
            object?[String(name)]
            ?? list.flatMap { list in
                Int(name).flatMap { list.indices.contains($0) ? list[$0] : nil }
            }
        return inner?.value(at: path.dropFirst())
    }

    private func setting(
        _ value: ParameterValue, at path: ArraySlice<Substring>
    ) -> ParameterValue {
        guard let name = path.first else { return value }
        if var fields = object, let inner = fields[String(name)] {
            fields[String(name)] = inner.setting(value, at: path.dropFirst())
            return .object(fields)
        }
        if var items = list, let place = Int(name), items.indices.contains(place) {
            items[place] = items[place].setting(value, at: path.dropFirst())
            return .list(items)
        }
        return self
    }
}
