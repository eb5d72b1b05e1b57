// SPDX-License-Identifier: Apache-2.0
// A file of the ranges in which a defense's parameters are searched.

internal import Foundation
internal import JSONText
public import Records
internal import Yams

/// A file of ranges by dotted names, in YAML or JSON, in the form of `search:` in a battery.
public struct RangesFile {
    /// The ranges that the file states.
    public let ranges: [String: SearchRange]

    /// Reads ranges.
    ///
    /// - Parameter path: A YAML or JSON file with a mapping of names to ranges.
    /// - Throws: `InputError` with file, place and remedy.
    public init(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(path, "no such file", remedy: "name a YAML or JSON file of ranges")
        }
        let lines = BatteryLines(yaml: data, file: path)
        let remedy = "write name: {from: 0, to: 1}, or name: {choices: [a, b]}"
        do {
            ranges = try YAMLDecoder().decode([String: SearchRange].self, from: data)
        } catch let error as DecodingError {
            throw InputError(
                file: lines.place(error.path), position: error.place, error.problem,
                remedy: remedy)
        } catch {
            throw InputError(path, "is not YAML: \(error)", remedy: remedy)
        }
        if ranges.isEmpty { throw InputError(path, "has no range", remedy: remedy) }
    }
}
