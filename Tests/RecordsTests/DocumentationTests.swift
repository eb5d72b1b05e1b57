// SPDX-License-Identifier: Apache-2.0
// The documented example is a record.

import Foundation
import Testing

@testable import Records

@Test("the example in RecordSchema.md is a record of the current version, byte for byte")
func documentedExample() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Documentation/RecordSchema.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let example = try #require(text.firstMatch(of: /```json\n((?s:.*?))```/)).1
    let record = try AuditRecord(json: Data(example.utf8), file: "RecordSchema.md")
    #expect(record.schemaVersion == AuditRecord.currentSchemaVersion)
    #expect(String(decoding: try record.json(), as: UTF8.self) == String(example))
    for field in try #require(
        JSONSerialization.jsonObject(with: record.json()) as? [String: Any]
    ).keys {
        #expect(text.contains("`\(field)`"), "\(field) is not documented")
    }
}
