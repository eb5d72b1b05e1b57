// SPDX-License-Identifier: Apache-2.0
// Reading and writing records, with errors that say where a file is damaged.

public import Foundation

/// A record that could not be read.
public struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The place in it, such as `cells[3].trace[0].cost.steps` or a line; empty for the whole file.
    public let place: String
    /// What was wrong.
    public let problem: String
    /// What to do.
    public let remedy: String

    /// One line with file, place, problem and remedy.
    public var description: String {
        let location = place.isEmpty ? file : "\(file): \(place)"
        return "\(location): \(problem); \(remedy)"
    }
}

/// How records are written as JSON: sorted keys, ISO 8601 dates, and `NaN`, `Infinity` and
/// `-Infinity` as texts.
public enum RecordJSON {
    /// An encoder of that form; the same value gives the same bytes.
    /// - Parameter pretty: whether to indent.
    /// - Returns: a new encoder.
    public static func encoder(pretty: Bool = true) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }

    /// A decoder of that form.
    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        // Foundation's own strategy forgets the place of a damaged date.
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = try? Date(text, strategy: .iso8601) else {
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

    /// Reads a value, and says where its JSON is damaged.
    /// - Parameters:
    ///   - type: the type to read.
    ///   - data: the JSON.
    ///   - file: the name that errors give the file.
    /// - Returns: the value.
    /// - Throws: `RecordError` with the place.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data, file: String
    ) throws(RecordError) -> Value {
        do {
            return try decoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw RecordError(error, file: file)
        } catch {
            throw RecordError(
                file: file, place: "", problem: "\(error)", remedy: RecordError.damaged)
        }
    }
}

extension AuditRecord {
    /// Reads a record.
    /// - Parameter file: the JSON file.
    /// - Throws: `RecordError` when it cannot be read, is damaged or is of a later version.
    public init(contentsOf file: URL) throws(RecordError) {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw RecordError(
                file: file.lastPathComponent, place: "", problem: "cannot be read",
                remedy: "check that it exists and that you may read it")
        }
        try self.init(json: data, file: file.lastPathComponent)
    }

    /// Reads a record.
    /// - Parameters:
    ///   - json: the bytes of the JSON file.
    ///   - file: the name that errors give the file.
    /// - Throws: `RecordError` when it is damaged or of a later version.
    public init(json: Data, file: String = "record.json") throws(RecordError) {
        struct Version: Decodable { let schemaVersion: Int }
        let version = try RecordJSON.decode(Version.self, from: json, file: file).schemaVersion
        guard (1...Self.currentSchemaVersion).contains(version) else {
            throw RecordError(
                file: file, place: "schemaVersion",
                problem: "the record has schema version \(version); this Temper reads up to "
                    + "\(Self.currentSchemaVersion)",
                remedy: "read it with the Temper that wrote it, or a newer one")
        }
        self = try RecordJSON.decode(AuditRecord.self, from: json, file: file)
    }

    /// The record as indented JSON with sorted keys and a line break at the end.
    /// - Throws: `EncodingError` when it cannot be written.
    public func json() throws -> Data {
        try RecordJSON.encoder().encode(self) + Data("\n".utf8)
    }
}

extension RecordError {
    static let damaged = "the file is damaged: take it from its source again, or repeat the audit"

    init(_ error: DecodingError, file: String) {
        let path: [any CodingKey]
        let problem: String
        switch error {
        case .keyNotFound(let key, let context):
            path = context.codingPath + [key]
            problem = "is missing"
        case .valueNotFound(let type, let context):
            path = context.codingPath
            problem = "is null, where \(type) is needed"
        case .typeMismatch(let type, let context):
            path = context.codingPath
            problem = "is of the wrong type, \(type) is needed"
        case .dataCorrupted(let context):
            path = context.codingPath
            let underlying =
                (context.underlyingError as NSError?)?
                .userInfo["NSDebugDescription"] as? String
            // Foundation ends some with a full stop.
            let text = underlying ?? context.debugDescription
            problem = text.hasSuffix(".") ? String(text.dropLast()) : text
        @unknown default:
            path = []
            problem = "\(error)"
        }
        let place = path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        self.init(file: file, place: place, problem: problem, remedy: Self.damaged)
    }
}
