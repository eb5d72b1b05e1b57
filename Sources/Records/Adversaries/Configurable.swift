// SPDX-License-Identifier: Apache-2.0
// Attacks and defenses are configurations that are read from named parameters.

internal import Foundation
internal import JSONText

/// A configuration with named parameters that all have defaults.
public protocol Configurable: Codable, Sendable, Hashable {
    /// Makes the configuration with its defaults.
    init()

    /// Throws an `InputError` for a value out of range.
    func validate() throws
}

extension Configurable {
    /// Makes a configuration from parameters, with defaults for the others.
    ///
    /// - Parameters:
    ///   - parameters: Values by name.
    ///   - place: The place that an error names.
    ///   - kind: The name of the attack or defense.
    /// - Returns: The configuration.
    /// - Throws: `InputError` for an unknown parameter or a bad value.
    public static func configured(
        by parameters: [String: ParameterValue], place: String, kind: String
    ) throws -> Self {
        let fields = try merged(
            parameterValues(of: Self()), with: parameters, place: place, kind: kind)
        let data = try JSONEncoder().encode(fields)
        let result: Self
        do {
            result = try JSONDecoder().decode(Self.self, from: data)
        } catch let error as DecodingError {
            let failure = InputError(
                error, in: data, file: "", remedy: "write a value of the kind that the default has")
            throw InputError(
                failure.place.isEmpty ? place : "\(place).\(failure.place)", failure.problem,
                remedy: failure.remedy)
        }
        try result.validate()
        return result
    }

    /// Throws an `InputError` when a parameter is out of its range.
    public func require<Value: Comparable>(
        _ name: String, _ value: Value, in range: ClosedRange<Value>
    ) throws {
        guard range.contains(value) else {
            throw InputError(
                name, "\(value) is out of range",
                remedy: "choose from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// Returns the defaults with some fields replaced, nested ones too.
private func merged(
    _ defaults: [String: ParameterValue], with parameters: [String: ParameterValue], place: String,
    kind: String
) throws -> [String: ParameterValue] {
    var fields = defaults
    for (name, value) in parameters {
        guard let known = fields[name] else {
            let names = fields.keys.sorted().joined(separator: ", ")
            throw InputError(
                "\(place).\(name)", "\(kind) has no such parameter", remedy: "it has: \(names)")
        }
        if case .object(let inner) = known, case .object(let values) = value {
            fields[name] = .object(
                try merged(inner, with: values, place: "\(place).\(name)", kind: name))
        } else {
            fields[name] = value
        }
    }
    return fields
}

/// Returns the fields of an attack or a defense in the form of a record.
public func parameterValues(of value: any Encodable) throws -> [String: ParameterValue] {
    try JSONDecoder().decode([String: ParameterValue].self, from: try JSONEncoder().encode(value))
}
