// SPDX-License-Identifier: Apache-2.0
// Reads name=value options, with dots for nested parameters.

import ArgumentParser
import Records

/// Reads parameters from texts such as `restrictedBatch=8` and `training.steps=60`.
///
/// - Parameters:
///   - texts: The texts.
///   - file: Parameters of a file, which the texts override.
/// - Returns: The parameters.
/// - Throws: `ValidationError` for a text of another form.
func readParameters(
    _ texts: [String], over file: [String: ParameterValue] = [:]
) throws -> [String: ParameterValue] {
    var result = file
    for text in texts {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw ValidationError("--set \(text): write it as name=value")
        }
        let value: ParameterValue =
            Double(parts[1]).map { .number($0) } ?? Bool(parts[1]).map { .bool($0) }
            ?? .string(parts[1])
        let path = parts[0].split(separator: ".").map(String.init)
        guard let first = path.first else {
            throw ValidationError("--set \(text): write it as name=value")
        }
        result[first] = nested(value, at: path.dropFirst(), in: result[first])
    }
    return result
}

/// Returns a value with its path in existing parameters.
private func nested(
    _ value: ParameterValue, at path: ArraySlice<String>, in present: ParameterValue?
) -> ParameterValue {
    guard let first = path.first else { return value }
    var fields = present?.object ?? [:]
    fields[first] = nested(value, at: path.dropFirst(), in: fields[first])
    return .object(fields)
}
