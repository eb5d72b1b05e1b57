// SPDX-License-Identifier: Apache-2.0
// Records survive their file, and damaged ones say where.

import Foundation
import JSONText
import Testing

@testable import Records

@Suite struct AuditRecordTests {
    @Test("a record read back equals the one written, and writes the same bytes")
    func roundTrip() throws {
        var record = RecordFixture.record()
        record.baseline.append(
            MeasuredValue(
                measure: MeasureName.perplexity, value: .infinity, count: 3, unit: .perplexity,
                split: .test))
        record.baseline.append(
            MeasuredValue(
                measure: MeasureName.divergence, value: .nan, count: 0, unit: .nats, split: .test))
        let data = try record.json()
        let read = try AuditRecord(json: data)
        #expect(read == record)
        #expect(try read.json() == data)
    }

    @Test("no absolute path is kept in the command line")
    func paths() {
        #expect(
            RecordFixture.record().commandLine == ["temper", "audit", "tiny", "--out=audit"])
    }

    @Test("records that differ only by the clock are equal in their comparable form")
    func comparable() throws {
        let first = RecordFixture.record()
        var cells = first.cells
        for cell in cells.indices {
            for point in cells[cell].trace.indices {
                cells[cell].trace[point].cost.deviceSeconds *= 3
                cells[cell].trace[point].evaluationCost.deviceSeconds += 1
            }
            guard cells[cell].broken != nil else { continue }
            cells[cell].broken = Thresholds().costToBreak(
                of: cells[cell].trace, baseline: first.baseline)
        }
        var second = RecordFixture.record(cells: cells)
        second.createdAt = Date(timeIntervalSince1970: 1_800_000_000)
        second.hardening?.cost.deviceSeconds = 1
        #expect(first != second)
        #expect(first.comparable == second.comparable)
        #expect(
            try canonicalJSON(first.comparable) == canonicalJSON(second.comparable))
        let text = String(decoding: try second.comparable.json(), as: UTF8.self)
        let seconds = text.matches(of: /"deviceSeconds" : ([^,\n]*)/)
        #expect(!seconds.isEmpty && seconds.allSatisfy { $0.output.1 == "0" })
        second.seeds = [9]
        #expect(first.comparable != second.comparable)
    }

    @Test("a record cut off anywhere is an error with the file's name and a remedy, in one line")
    func truncated() throws {
        let data = try RecordFixture.record().json()
        for length in stride(from: 0, to: data.count - 2, by: 131) {
            let error = #expect(throws: InputError.self) {
                try AuditRecord(json: data.prefix(length), file: "cut.json")
            }
            #expect(error?.description.hasPrefix("cut.json: ") == true)
            #expect(error?.description.contains("\n") == false)
            #expect(error?.remedy.isEmpty == false)
        }
    }

    @Test(
        "a damaged value is an error that names its place",
        arguments: [
            ("\"steps\" : 16", "\"steps\" : \"many\"", "batteryOutcome.cost.cost.steps"),
            ("\"outcome\" : \"broken\"", "\"outcome\" : \"lost\"", "batteryOutcome.cost.outcome"),
            ("\"battery\" : \"quick\"", "\"batteries\" : 1", "battery"),
            ("\"unit\" : \"fraction\"", "\"unit\" : \"furlong\"", "baseline[0].unit"),
            ("2026-10-", "yesterday-", "createdAt"),
            ("\"name\" : \"failed\"", "\"name\" : 7", "cells[5].state.name"),
            ("\"rank\" : 16", "\"rank\" : null", "adversaries[1].parameters.rank"),
        ])
    func damaged(original: String, damage: String, place: String) throws {
        let text = String(decoding: try RecordFixture.record().json(), as: UTF8.self)
        let range = try #require(text.range(of: original))
        let changed = text.replacingCharacters(in: range, with: damage)
        let error = #expect(throws: InputError.self) {
            try AuditRecord(json: Data(changed.utf8), file: "r.json")
        }
        #expect(error?.place == "r.json: \(place)")
    }

    @Test("a record of a later schema names its version and the remedy")
    func later() throws {
        let error = #expect(throws: InputError.self) {
            try AuditRecord(json: Data(#"{"schemaVersion": 3, "cells": "unknown"}"#.utf8))
        }
        #expect(error?.place == "record.json: schemaVersion")
        #expect(error?.description.contains("schema version 3") == true)
        #expect(error?.remedy.contains("newer") == true)
    }

    @Test("fields that a later version adds are passed over")
    func additions() throws {
        let text = String(decoding: try RecordFixture.record().json(), as: UTF8.self)
        let more = "{ \"survival\" : [1, 2, {\"deep\": null}]," + text.dropFirst()
        #expect(try AuditRecord(json: Data(more.utf8)) == RecordFixture.record())
    }

    @Test("a file that is missing or something else is an error, not a crash")
    func others() {
        #expect(throws: InputError.self) {
            try AuditRecord(contentsOf: URL(filePath: "/nonexistent/record.json"))
        }
        for text in ["", "[]", "null", "\u{0}", "{}", String(repeating: "[", count: 100_000)] {
            #expect(throws: InputError.self) { try AuditRecord(json: Data(text.utf8)) }
        }
    }
}
