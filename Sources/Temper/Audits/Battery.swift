// SPDX-License-Identifier: Apache-2.0
// A battery: a named list of adversaries, read from YAML or JSON.

internal import Crypto
public import Foundation
public import Records
internal import Yams

/// A named list of adversaries.
public struct Battery: Sendable, Hashable {
    /// The name that the record states.
    public let name: String
    /// One sentence for a reader, or nil.
    public let description: String?
    /// The adversaries in the order in which they are run, each with all its parameters spelt out.
    public let adversaries: [AdversarySpecification]
    /// The file and line of each adversary, by name.
    private let places: [String: String]

    /// The SHA-256 over the canonical content of the adversaries, in lowercase hexadecimal digits:
    /// by it a policy names a battery, and an attestation says which one was run.
    /// - Throws: `EncodingError` when a parameter cannot be written as JSON.
    public var digest: String {
        get throws {
            SHA256.hash(data: try adversaries.canonicalBattery())
                .map { String(format: "%02x", $0) }.joined()
        }
    }

    /// A battery of adversaries that state all their parameters.
    init(name: String, adversaries: [AdversarySpecification]) {
        self.name = name
        description = nil
        self.adversaries = adversaries
        places = [:]
    }

    /// An error that names an adversary of this battery, with its file and line.
    func placing(_ error: AdversaryError) -> AdversaryError {
        guard let place = places[error.place] else { return error }
        return AdversaryError(place: "\(place): \(error.place)", problem: error.problem)
    }

    /// The batteries that ship with Temper, by name.
    public static let shipped: [String: Data] = [
        "badllama": Data(PackageResources.badllama_yaml),
        "exhaustive": Data(PackageResources.exhaustive_yaml),
        "halloran": Data(PackageResources.halloran_yaml),
        "immunization": Data(PackageResources.immunization_yaml),
        "quick": Data(PackageResources.quick_yaml),
        "relearning": Data(PackageResources.relearning_yaml),
        "standard": Data(PackageResources.standard_yaml),
        "tamperbench": Data(PackageResources.tamperbench_yaml),
        "tar-28": Data(PackageResources.tar_28_yaml),
    ]

    /// The battery of a name, or in a file.
    /// - Parameter nameOrPath: a shipped battery's name, or the path of a YAML or JSON file.
    /// - Throws: ``AdversaryError`` with file, place and remedy.
    public init(_ nameOrPath: String) throws {
        if let data = Self.shipped[nameOrPath] {
            try self.init(yaml: data, file: "\(nameOrPath).yaml")
        } else {
            guard let data = FileManager.default.contents(atPath: nameOrPath) else {
                let names = Self.shipped.keys.sorted().joined(separator: ", ")
                throw AdversaryError(
                    place: nameOrPath,
                    problem: "no such file, and no battery of that name; batteries: \(names)")
            }
            try self.init(yaml: data, file: nameOrPath)
        }
    }

    /// Reads a battery; JSON is read too, as it is YAML.
    /// - Parameters:
    ///   - yaml: `name:` and a list `adversaries:` of `name`, `attack`, `parameters`, `search`,
    ///     `description`.
    ///   - file: the name that errors give the file.
    /// - Throws: ``AdversaryError`` with file, place and remedy.
    public init(yaml: Data, file: String) throws {
        let lines = BatteryLines(yaml: yaml, file: file)
        let content: Content
        do {
            content = try YAMLDecoder().decode(Content.self, from: yaml)
        } catch let error as DecodingError {
            throw AdversaryError(place: lines.place(error.path), problem: describe(error))
        } catch {
            throw AdversaryError(place: file, problem: "is not YAML: \(error)")
        }
        try lines.checkKeys(
            battery: Content.CodingKeys.allCases.map(\.rawValue),
            adversary: Entry.CodingKeys.allCases.map(\.rawValue))
        if content.adversaries.isEmpty {
            throw AdversaryError(place: file, problem: "has no adversaries; list at least one")
        }
        let names = content.adversaries.map(\.name)
        if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
            throw AdversaryError(
                place: lines.place(ofAdversary: twice),
                problem: "two adversaries are named \"\(names[twice])\"; give each its own name")
        }
        // What a search confirms has a name of its own.
        let found = content.adversaries.filter { $0.search != nil }.map { $0.name + "-searched" }
        if let taken = names.firstIndex(where: found.contains) {
            throw AdversaryError(
                place: lines.place(ofAdversary: taken),
                problem: "\"\(names[taken])\" is the name of what a search finds; choose another")
        }
        places = Dictionary(
            uniqueKeysWithValues: names.indices.map { (names[$0], lines.place(ofAdversary: $0)) })
        name = content.name
        description = content.description
        adversaries = try content.adversaries.enumerated().map { index, entry in
            var adversary = AdversarySpecification(
                name: entry.name, attack: entry.attack, parameters: entry.parameters ?? [:],
                description: entry.description)
            adversary.search = entry.search
            do {
                let attack = try AttackCatalogue.attack(for: adversary)
                adversary.parameters = try parameterValues(of: attack)
                _ = try AdversarySearch(adversary, trials: 0, seed: 0)
            } catch let error as AdversaryError {
                // A range stands under its dotted name, a parameter under its last part.
                let range = error.place.split(separator: ".search.", maxSplits: 1)
                let last = range.count > 1 ? range[1] : error.place.split(separator: ".").last
                let parameter = last.map(String.init)
                let place = lines.place(ofAdversary: index, parameter: parameter)
                throw AdversaryError(
                    place: "\(place): \(entry.name)"
                        + (error.place == entry.name ? "" : ", \(error.place)"),
                    problem: error.problem)
            }
            return adversary
        }
    }

    private struct Content: Decodable {
        let name: String
        let description: String?
        let adversaries: [Entry]

        enum CodingKeys: String, CodingKey, CaseIterable { case name, description, adversaries }
    }

    private struct Entry: Decodable {
        let name: String
        let attack: String
        let parameters: [String: ParameterValue]?
        let search: [String: SearchRange]?
        let description: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, attack, parameters, search, description
        }
    }
}
