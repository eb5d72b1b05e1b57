// SPDX-License-Identifier: Apache-2.0
// Records state what their measures are.

import Foundation
import JSONText
import Testing

@testable import Records

@Suite struct MeasureEntryTests {
    private let entry = MeasureEntry(
        name: "length", summary: "The mean length of answers.", unit: .count, interval: "normal",
        wording: MeasureEntry.Wording(
            title: "Answer length", explanation: "words of an answer",
            sentence: MeasureEntry.Wording.Sentence(verb: "writes", object: "words")),
        place: MeasureEntry.Place(
            column: 5,
            summary: MeasureEntry.Summary(
                column: 35, terminalTitle: "length", beside: [MeasureName.refusal]),
            isCompared: true))

    @Test("a record keeps the entries of its measures, and one without any says nothing of them")
    func roundTrip() throws {
        var record = RecordFixture.record()
        let text = String(decoding: try record.json(), as: UTF8.self)
        #expect(!text.contains("\"measures\""))
        record.measures = [entry]
        #expect(try AuditRecord(json: try record.json()) == record)
        #expect(record.contradiction == nil)
    }

    @Test("an entry with no name, with another's name or with another unit is a contradiction")
    func contradictions() {
        var record = RecordFixture.record()
        record.measures = [entry, entry]
        #expect(record.contradiction?.place == "measures[1]")
        var other = entry
        other.name = ""
        record.measures = [other]
        #expect(record.contradiction?.place == "measures[0].name")
        other.name = MeasureName.refusal
        record.measures = [other]
        #expect(record.contradiction?.problem.contains("fraction") == true)
    }

    @Test("the measures of older records are each named once and worded")
    func olderRecords() {
        let entries = MeasureEntry.ofOlderRecords
        #expect(Set(entries.map(\.name)).count == entries.count)
        #expect(entries.allSatisfy { !$0.wording.title.isEmpty && $0.place.column != nil })
    }
}
