// SPDX-License-Identifier: Apache-2.0
// Reads name=value options, with dots for nested parameters.

import ArgumentParser
import Defenses
import JSONText
import Records
import Suites

/// Reads a defense's parameters from a file and from `--set`, and names the file where it is wrong.
///
/// - Parameters:
///   - defense: The name of the defense.
///   - config: The path of a YAML or JSON file, or nil.
///   - texts: The texts of `--set`, put over the file's parameters.
/// - Returns: The parameters that differ from the defaults.
/// - Throws: `InputError` for a file or a parameter that is refused, `ValidationError` for a text of
///   another form.
func readDefenseParameters(
    of defense: String, config: String?, _ texts: [String]
) throws -> [String: ParameterValue] {
    _ = try DefenseCatalogue.defense(named: defense)
    let stated = try config.map { try ParameterFile($0).parameters } ?? [:]
    do {
        _ = try DefenseCatalogue.defense(named: defense, parameters: stated)
    } catch let error as InputError {
        throw InputError(
            file: config ?? "", position: error.place, error.problem, remedy: error.remedy)
    }
    return try readParameters(texts, over: stated)
}

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
