// SPDX-License-Identifier: Apache-2.0
// Parameters of a defense in a file.

public import Foundation
internal import JSONText
public import Records
internal import Yams

/// A file of named parameters, in YAML or JSON.
public struct ParameterFile {
    /// The parameters that the file states.
    public let parameters: [String: ParameterValue]

    /// Reads parameters.
    ///
    /// - Parameter path: A YAML or JSON file with a mapping of names to values.
    /// - Throws: `InputError` with file, place and remedy.
    public init(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(path, "no such file", remedy: "name a YAML or JSON file of parameters")
        }
        try self.init(yaml: data, file: path)
    }

    /// Reads parameters.
    ///
    /// - Parameters:
    ///   - yaml: A mapping of names to values.
    ///   - file: The file's name in errors.
    /// - Throws: `InputError` with file, place and remedy.
    public init(yaml: Data, file: String) throws {
        let lines = BatteryLines(yaml: yaml, file: file)
        let remedy = "write name: value, with the names that 'temper defenses NAME' lists"
        do {
            parameters = try YAMLDecoder().decode([String: ParameterValue].self, from: yaml)
        } catch let error as DecodingError {
            throw InputError(
                file: lines.place(error.path), position: error.place, error.problem,
                remedy: remedy)
        } catch {
            throw InputError(file, "is not YAML: \(error)", remedy: remedy)
        }
    }
}
