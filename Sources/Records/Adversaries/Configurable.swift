// SPDX-License-Identifier: Apache-2.0
// Attacks and defenses are configurations: how they are read from named parameters.

internal import Foundation

/// What is described by named parameters that all have defaults.
public protocol Configurable: Codable, Sendable, Hashable {
    /// The configuration with its defaults.
    init()

    /// Throws an ``AdversaryError`` for a value out of range.
    func validate() throws
}

extension Configurable {
    /// The configuration that has these parameters, and its defaults for the others.
    /// - Parameters:
    ///   - parameters: values by name.
    ///   - place: what an error names.
    ///   - kind: the attack or defense, by its name.
    /// - Returns: the configuration.
    /// - Throws: ``AdversaryError`` for an unknown parameter or a bad value.
    public static func configured(
        by parameters: [String: ParameterValue], place: String, kind: String
    ) throws -> Self {
        let fields = try merged(
            parameterValues(of: Self()), with: parameters, place: place, kind: kind)
        let result: Self
        do {
            result = try JSONDecoder().decode(Self.self, from: try JSONEncoder().encode(fields))
        } catch let error as DecodingError {
            let path = error.path.map(\.stringValue).joined(separator: ".")
            throw AdversaryError(
                place: path.isEmpty ? place : "\(place).\(path)", problem: describe(error))
        }
        try result.validate()
        return result
    }

    /// Throws an ``AdversaryError`` when a parameter is out of its range.
    public func require<Value: Comparable>(
        _ name: String, _ value: Value, in range: ClosedRange<Value>
    ) throws {
        guard range.contains(value) else {
            throw AdversaryError(
                place: name,
                problem: "\(value) is out of range; choose from "
                    + "\(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// Defaults with what is to differ from them, nested ones too.
private func merged(
    _ defaults: [String: ParameterValue], with parameters: [String: ParameterValue], place: String,
    kind: String
) throws -> [String: ParameterValue] {
    var fields = defaults
    for (name, value) in parameters {
        guard let known = fields[name] else {
            let names = fields.keys.sorted().joined(separator: ", ")
            throw AdversaryError(
                place: "\(place).\(name)",
                problem: "\(kind) has no such parameter; it has: \(names)")
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

/// The fields of an attack or a defense as a record states them.
public func parameterValues(of value: any Encodable) throws -> [String: ParameterValue] {
    try JSONDecoder().decode([String: ParameterValue].self, from: try JSONEncoder().encode(value))
}

/// An adversary that cannot be run as it is written.
public struct AdversaryError: Error, Sendable, CustomStringConvertible {
    /// The adversary and the field, or the battery's file.
    public let place: String
    /// What was wrong and what to do about it.
    public let problem: String

    /// Says what is wrong with an adversary.
    public init(place: String, problem: String) {
        self.place = place
        self.problem = problem
    }

    /// One line.
    public var description: String { "\(place): \(problem)" }
}
