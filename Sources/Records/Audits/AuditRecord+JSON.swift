// SPDX-License-Identifier: Apache-2.0
// Reads and writes the JSON file of an audit record.

public import Foundation
public import JSONText

extension AuditRecord {
    /// Reads a record.
    ///
    /// - Parameter file: The JSON file.
    /// - Throws: `InputError` when the file cannot be read, is damaged or is of a later version.
    public init(contentsOf file: URL) throws(InputError) {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw InputError(
                file.lastPathComponent, "cannot be read",
                remedy: "check that it exists and that you may read it")
        }
        try self.init(json: data, file: file.lastPathComponent)
    }

    /// Reads a record.
    ///
    /// - Parameters:
    ///   - json: The bytes of the JSON file.
    ///   - file: The file's name in errors.
    /// - Throws: `InputError` when the record is damaged or of a later version.
    public init(json: Data, file: String = "record.json") throws(InputError) {
        struct Version: Decodable { let schemaVersion: Int }
        let version = try RecordJSON.decode(Version.self, from: json, file: file).schemaVersion
        guard (1...Self.currentSchemaVersion).contains(version) else {
            throw InputError(
                file: file, position: "schemaVersion",
                "the record has schema version \(version); this Temper reads up to "
                    + "\(Self.currentSchemaVersion)",
                remedy: "read it with the Temper that wrote it, or a newer one")
        }
        self = try RecordJSON.decode(AuditRecord.self, from: json, file: file)
    }

    /// Returns the record as indented JSON with sorted keys and a line break at the end.
    ///
    /// - Throws: `EncodingError` when the record cannot be written.
    public func json() throws -> Data {
        try RecordJSON.encoder().encode(self) + Data("\n".utf8)
    }
}
