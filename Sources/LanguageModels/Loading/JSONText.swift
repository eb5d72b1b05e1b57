// SPDX-License-Identifier: Apache-2.0
// JSON in which numbers look as Python's readers want them: 8.0 is a float, 8 is none.

package import Foundation

/// Writes the small JSON files beside the weights.
package enum JSONText {
    /// Members whose value is nil are left out.
    package static func object(_ members: [(key: String, value: String?)]) -> Data {
        let lines = members.sorted { $0.key < $1.key }
            .compactMap { key, value in value.map { "  \"\(key)\": \($0)" } }
        return Data("{\n\(lines.joined(separator: ",\n"))\n}\n".utf8)
    }

    /// A nested object on one line.
    package static func inline(_ members: [(key: String, value: String)]) -> String {
        "{" + members.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }

    /// A name that needs no escapes.
    package static func string(_ name: String) -> String { "\"\(name)\"" }

    /// One identifier, several as an array, or nothing.
    package static func oneOrSeveral(_ values: [Int]) -> String? {
        switch values.count {
        case 0: nil
        case 1: "\(values[0])"
        default: "\(values)"
        }
    }
}
