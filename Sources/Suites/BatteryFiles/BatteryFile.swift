// SPDX-License-Identifier: Apache-2.0
// A battery's file as written: adversaries with their stated parameters, before defaults are filled
// in.

public import Foundation
internal import JSONText
public import Records
internal import Yams

/// A battery's file: a named list of adversaries in YAML or JSON.
///
/// Checks that need no attack are made here: the form, the names, and that no name is used twice.
public struct BatteryFile {
    /// The name for the record.
    public let name: String
    /// One sentence for a reader, or nil.
    public let description: String?
    /// The adversaries in the order in which they are run, with the parameters that the file
    /// states.
    public let adversaries: [AdversarySpecification]
    private let lines: BatteryLines

    /// The batteries that ship with Temper, by name.
    public static let shipped: [String: Data] = [
        "adaptive": Data(PackageResources.adaptive_yaml),
        "badllama": Data(PackageResources.badllama_yaml),
        "base-dependent": Data(PackageResources.base_dependent_yaml),
        "exhaustive": Data(PackageResources.exhaustive_yaml),
        "halloran": Data(PackageResources.halloran_yaml),
        "held-out": Data(PackageResources.held_out_yaml),
        "immunization": Data(PackageResources.immunization_yaml),
        "quick": Data(PackageResources.quick_yaml),
        "relearning": Data(PackageResources.relearning_yaml),
        "seen": Data(PackageResources.seen_yaml),
        "standard": Data(PackageResources.standard_yaml),
        "tamperbench": Data(PackageResources.tamperbench_yaml),
        "tar-28": Data(PackageResources.tar_28_yaml),
    ]

    /// Finds a battery by name or path.
    ///
    /// - Parameter nameOrPath: A shipped battery's name, or the path of a YAML or JSON file.
    /// - Throws: `InputError` with file, place and remedy.
    public init(_ nameOrPath: String) throws {
        if let data = Self.shipped[nameOrPath] {
            try self.init(yaml: data, file: "\(nameOrPath).yaml")
            return
        }
        guard let data = FileManager.default.contents(atPath: nameOrPath) else {
            let names = Self.shipped.keys.sorted().joined(separator: ", ")
            throw InputError(
                nameOrPath, "no such file, and no battery of that name",
                remedy: "batteries: \(names)")
        }
        try self.init(yaml: data, file: nameOrPath)
    }

    /// Reads a battery. JSON is read too, because it is YAML.
    ///
    /// - Parameters:
    ///   - yaml: `name:` and a list `adversaries:` of `name`, `attack`, `parameters`, `search`,
    ///     `description`.
    ///   - file: The file's name in errors.
    /// - Throws: `InputError` with file, place and remedy.
    public init(yaml: Data, file: String) throws {
        lines = BatteryLines(yaml: yaml, file: file)
        let content: Content
        do {
            content = try YAMLDecoder().decode(Content.self, from: yaml)
        } catch let error as DecodingError {
            throw InputError(
                file: lines.place(error.path), position: error.place, error.problem,
                remedy: Self.remedy)
        } catch {
            throw InputError(file, "is not YAML: \(error)", remedy: Self.remedy)
        }
        try lines.checkKeys(
            battery: Content.CodingKeys.allCases.map(\.rawValue),
            adversary: Entry.CodingKeys.allCases.map(\.rawValue))
        if content.adversaries.isEmpty {
            throw InputError(file, "has no adversaries", remedy: "list at least one")
        }
        let names = content.adversaries.map(\.name)
        if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
            throw InputError(
                lines.place(ofAdversary: twice), "two adversaries are named \"\(names[twice])\"",
                remedy: "give each its own name")
        }
        // The adversary that a search confirms has a name of its own.
        let found = content.adversaries.filter { $0.search != nil }.map {
            SearchRecord.confirmedName(of: $0.name)
        }
        if let taken = names.firstIndex(where: found.contains) {
            throw InputError(
                lines.place(ofAdversary: taken),
                "\"\(names[taken])\" is the name of what a search finds", remedy: "choose another")
        }
        name = content.name
        description = content.description
        adversaries = content.adversaries.map { entry in
            var adversary = AdversarySpecification(
                name: entry.name, attack: entry.attack, parameters: entry.parameters ?? [:],
                description: entry.description)
            adversary.search = entry.search
            return adversary
        }
    }

    /// Returns the file and the line of an adversary, or of one of its parameters if that is found.
    ///
    /// - Parameters:
    ///   - index: The adversary.
    ///   - parameter: The parameter's name, or nil.
    /// - Returns: The file and the line.
    public func place(ofAdversary index: Int, parameter: String? = nil) -> String {
        lines.place(ofAdversary: index, parameter: parameter)
    }

    private static let remedy = "write the battery as Documentation/Batteries.md describes it"

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
