// SPDX-License-Identifier: Apache-2.0
// A battery: a named list of adversaries, read from YAML or JSON.

internal import Crypto
public import Foundation
package import JSONText
public import Records
public import Suites

/// A named list of adversaries.
public struct Battery: Sendable, Hashable {
    /// The name for the record.
    public let name: String
    /// One sentence for a reader, or nil.
    public let description: String?
    /// The adversaries in the order in which they are run, each with all its parameters spelt out.
    public let adversaries: [AdversarySpecification]
    /// The file and line of each adversary, by name.
    private let places: [String: String]

    /// The SHA-256 over the canonical content of the adversaries, in lowercase hexadecimal digits.
    /// A policy refers to a battery by it, and an attestation states it for the battery that was
    /// run.
    ///
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public var digest: String {
        get throws {
            SHA256.hash(data: try adversaries.canonicalBattery()).hexadecimal
        }
    }

    /// Makes a battery of adversaries that state all their parameters.
    ///
    /// - Parameters:
    ///   - name: The name for the record.
    ///   - adversaries: The adversaries, each with a unique name.
    package init(name: String, spelledOut adversaries: [AdversarySpecification]) {
        self.name = name
        description = nil
        self.adversaries = adversaries
        places = [:]
    }

    /// Makes a battery, and fills in the defaults of its adversaries.
    ///
    /// - Parameters:
    ///   - name: The name for the record.
    ///   - adversaries: The adversaries, each with a unique name.
    ///   - description: One sentence for a reader, or nil.
    /// - Throws: `InputError` for an adversary that cannot be run, or two with one name.
    public init(
        name: String, adversaries: [AdversarySpecification], description: String? = nil
    ) throws {
        let names = adversaries.map(\.name)
        if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
            throw InputError(
                name, "two adversaries are named \"\(names[twice])\"",
                remedy: "give each its own name")
        }
        self.name = name
        self.description = description
        self.adversaries = try adversaries.map(Self.spelledOut)
        places = [:]
    }

    /// Makes the same battery with other adversaries, which keep their places in its file.
    init(_ battery: Battery, adversaries: [AdversarySpecification]) {
        name = battery.name
        description = battery.description
        self.adversaries = adversaries
        places = battery.places
    }

    /// Returns an error that names an adversary of this battery, with its file and line.
    package func placing(_ error: InputError) -> InputError {
        guard let place = places[error.place] else { return error }
        return InputError("\(place): \(error.place)", error.problem, remedy: error.remedy)
    }

    /// Finds a battery by name or path, and fills in the defaults of its adversaries.
    ///
    /// - Parameter nameOrPath: A shipped battery's name, or the path of a YAML or JSON file.
    /// - Throws: `InputError` with file, place and remedy.
    public init(_ nameOrPath: String) throws {
        try self.init(BatteryFile(nameOrPath))
    }

    /// Reads a battery. JSON is read too, because it is YAML.
    ///
    /// - Parameters:
    ///   - yaml: The file.
    ///   - file: The file's name in errors.
    /// - Throws: `InputError` with file, place and remedy.
    public init(yaml: Data, file: String) throws {
        try self.init(BatteryFile(yaml: yaml, file: file))
    }

    /// Checks a battery's file, and fills in its defaults.
    ///
    /// - Parameter file: The file.
    /// - Throws: `InputError` with file, place and remedy.
    public init(_ file: BatteryFile) throws {
        name = file.name
        description = file.description
        places = Dictionary(
            uniqueKeysWithValues: file.adversaries.enumerated().map {
                ($1.name, file.place(ofAdversary: $0))
            })
        adversaries = try file.adversaries.enumerated().map { index, stated in
            do {
                return try Self.spelledOut(stated)
            } catch let error as InputError {
                // An error names a range by its dotted name, and a parameter by its last part.
                let range = error.place.split(separator: ".search.", maxSplits: 1)
                let last = range.count > 1 ? range[1] : error.place.split(separator: ".").last
                let place = file.place(ofAdversary: index, parameter: last.map(String.init))
                throw InputError(
                    "\(place): \(stated.name)"
                        + (error.place == stated.name ? "" : ", \(error.place)"),
                    error.problem, remedy: error.remedy)
            }
        }
    }

    /// Returns the adversary with all its parameters.
    private static func spelledOut(
        _ adversary: AdversarySpecification
    ) throws -> AdversarySpecification {
        var adversary = adversary
        let attack = try AttackCatalogue.attack(for: adversary)
        adversary.parameters = try parameterValues(of: attack)
        adversary.learning = attack.learning
        adversary.ignoresSeed =
            adversary.isShipped || type(of: attack).dependsOnSeed ? nil : true
        _ = try AdversarySearch(adversary, trials: 0, seed: 0)
        return adversary
    }
}
