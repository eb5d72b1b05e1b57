// SPDX-License-Identifier: Apache-2.0
// Decodes JSON as Python's `json` writes it: with NaN and infinities.

package import Foundation

/// JSON that Python wrote. Its numbers may be `NaN`, `Infinity` and `-Infinity`, which the standard
/// lacks.
package enum PythonJSON {
    /// A decoder that reads what ``readable(_:file:remedy:)`` returns.
    package static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: text(.infinity), negativeInfinity: text(-.infinity),
            nan: text(.nan))
        return decoder
    }

    /// Returns a document for ``decoder``: numbers that are not finite become strings.
    ///
    /// - Parameters:
    ///   - data: The document, in UTF-8.
    ///   - file: The file's path or name, for errors.
    ///   - remedy: The remedy in errors.
    /// - Returns: The same bytes if the document has no such number.
    /// - Throws: An error with the position if it has one and is not JSON otherwise.
    package static func readable(
        _ data: Data, file: String, remedy: String
    ) throws(InputError) -> Data {
        guard ["NaN", "Infinity"].contains(where: { data.firstRange(of: Data($0.utf8)) != nil })
        else { return data }
        return quoted(
            try JSON(
                data, file: file, remedy: remedy, repeatedKeys: .kept, nonFinite: .read,
                greatestDepth: 512)
        ).data()
    }

    private static func quoted(_ value: JSON) -> JSON {
        switch value {
        case .number(let number) where !number.isFinite: .string(text(number))
        case .array(let elements): .array(elements.map(quoted))
        case .object(let members):
            .object(members.map { JSON.Member(key: $0.key, value: quoted($0.value)) })
        default: value
        }
    }

    private static func text(_ number: Double) -> String {
        number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
    }
}
