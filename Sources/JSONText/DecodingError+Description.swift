// SPDX-License-Identifier: Apache-2.0
// Decoding errors in words for people.

package import Foundation

extension DecodingError {
    /// The keys that lead to the value, a missing one included.
    package var path: [any CodingKey] {
        switch self {
        case .keyNotFound(let key, let context): context.codingPath + [key]
        case .valueNotFound(_, let context), .typeMismatch(_, let context),
            .dataCorrupted(let context):
            context.codingPath
        @unknown default: []
        }
    }

    /// The path of the value, such as `cells[3].trace[0].cost.steps`; empty at the top.
    package var place: String {
        path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
    }

    /// What is wrong with the value, in plain words.
    package var problem: String {
        switch self {
        case .keyNotFound: return "is missing"
        case .valueNotFound(let type, _):
            return "is null, where \(Self.words(for: type)) is needed"
        case .typeMismatch(let type, _):
            return "is of the wrong type, \(Self.words(for: type)) is needed"
        case .dataCorrupted(let context):
            let underlying =
                (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
            // Foundation ends some with a full stop.
            let text = underlying ?? context.debugDescription
            return text.hasSuffix(".") ? String(text.dropLast()) : text
        @unknown default: return "cannot be decoded"
        }
    }

    /// Returns the JSON name of a Swift type.
    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is Bool.Type: "true or false"
        case is String.Type: "a string"
        case is any ArrayType.Type: "an array"
        case is any DictionaryType.Type: "an object"
        default: "a value of the type \(type)"
        }
    }
}

private protocol ArrayType {}
extension Array: ArrayType {}
private protocol DictionaryType {}
extension Dictionary: DictionaryType {}

extension InputError {
    /// Makes an error from a failed decoding.
    ///
    /// Foundation does not report where a text stops being JSON, nor where a number does not fit
    /// its type. The text is read again to find that.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - data: The JSON text.
    ///   - file: The file's path or name.
    ///   - remedy: What the user can do about it.
    package init(_ error: DecodingError, in data: Data, file: String, remedy: String) {
        guard case .dataCorrupted = error, error.place.isEmpty else {
            self.init(file: file, position: error.place, error.problem, remedy: remedy)
            return
        }
        do {
            _ = try JSON(
                data, file: file, remedy: remedy, repeatedKeys: .kept, greatestDepth: 512)
            self.init(
                file, "holds a fraction, or too great a number, where a whole number is needed",
                remedy: remedy)
        } catch {
            self = error
        }
    }
}
