// SPDX-License-Identifier: Apache-2.0
// Writes records as JSON and reads them, with errors that state where a file is damaged.

public import Foundation
public import JSONText

/// The JSON format of records: sorted keys, ISO 8601 dates, and `NaN`, `Infinity` and `-Infinity`
/// as texts.
public enum RecordJSON {
    /// Returns an encoder for this format. The same value gives the same bytes.
    ///
    /// - Parameter pretty: Whether to indent.
    /// - Returns: A new encoder.
    public static func encoder(pretty: Bool = true) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }

    /// Returns a decoder for this format.
    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        // Foundation's own strategy does not report the place of a damaged date.
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            // Foundation takes 30 February for 2 March.
            guard let date = try? Date(text, strategy: .iso8601), date.formatted(.iso8601) == text
            else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription: "is not an ISO 8601 date like 2026-11-30T12:00:00Z"))
            }
            return date
        }
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return decoder
    }

    /// Reads a value. An error states where the JSON is damaged.
    ///
    /// - Parameters:
    ///   - type: The type to read.
    ///   - data: The JSON.
    ///   - file: The file's name in errors.
    /// - Returns: The value.
    /// - Throws: `InputError` with the place.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data, file: String
    ) throws(InputError) -> Value {
        do {
            return try decoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw InputError(error, in: data, file: file, remedy: InputError.damaged)
        } catch {
            throw InputError(file, "\(error)", remedy: InputError.damaged)
        }
    }
}

extension InputError {
    /// The remedy for a damaged record.
    static let damaged = "the file is damaged: take it from its source again, or repeat the audit"
}
