// SPDX-License-Identifier: Apache-2.0
// `temper inspect`, as users run it.

import Foundation
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Testing

@Suite("Inspect")
struct InspectTests {
    private let directory: TemporaryDirectory
    private let model: String
    private let other: String

    init() throws {
        let directory = try TemporaryDirectory()
        func write(_ name: String, seed: UInt64) throws -> String {
            let url = directory.url.appendingPathComponent(name)
            try tinyModel(seed: seed).write(to: url)
            return url.path
        }
        self.directory = directory
        model = try write("model", seed: 7)
        other = try write("other", seed: 8)
    }

    @Test("tells a copy from another model, and writes the page")
    func verdicts() throws {
        let page = directory.url.appendingPathComponent("page.html")
        let same = try temper("inspect", model, model, "--html", page.path)
        #expect(same.status == 0 && same.output.contains("Verdict: identical"), "\(same.error)")
        #expect(try text(of: page).contains("identical"))
        let different = try temper("inspect", model, other, "--json")
        let inspection = try JSONDecoder().decode(
            Inspection.self, from: Data(different.output.utf8))
        #expect(inspection.verdict == .unrelated)
    }

    @Test("looks at one model alone")
    func alone() throws {
        let result = try temper("inspect", model)
        #expect(result.status == 0 && result.output.contains("Verdict: unremarkable"))
    }

    @Test("gives many derivatives a line each, the broken one with its reason")
    func many() throws {
        let many = [model, "nowhere", other]
        let table = try temper(["inspect", model, "--many"] + many)
        #expect(table.status == 0, "\(table.error)")
        // Progress comes before the table.
        let lines = Array(table.output.split(separator: "\n").suffix(4))
        #expect(lines.count == 4 && lines[0].hasPrefix("derivative"), "\(table.output)")
        #expect(lines.last?.contains("identical") == true)
        let json = try temper(["inspect", model, "--many"] + many + ["--sort", "given", "--json"])
        let survey = try JSONDecoder().decode(InspectionSurvey.self, from: Data(json.output.utf8))
        #expect(survey.rows.map(\.verdict) == [.identical, nil, .unrelated])
        #expect(survey.rows[1].summary.contains("nowhere"))
        #expect(try temper(["inspect", model, "--many"] + many + ["--sort", "size"]).status == 2)
        #expect(try temper(["inspect", model, other, "--many"] + many).status == 2)
    }

    @Test("refuses what cannot be compared, with one line and code 2")
    func refusals() throws {
        let cut = directory.url.appendingPathComponent("cut.safetensors")
        let weights = URL(fileURLWithPath: model).appendingPathComponent("model.safetensors")
        try Data(contentsOf: weights).dropLast(100).write(to: cut)
        for arguments in [
            [model, cut.path], [model, "nowhere"], [model, other, "--third", "nowhere"],
            [model, other, "--suite", "nowhere"],
        ] {
            let result = try temper(["inspect"] + arguments)
            #expect(result.status == 2)
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        }
        #expect(try temper("inspect", model, "--third", other).status == 2)
        #expect(try temper("inspect", model, "--suite", "canary-refusal").status == 2)
        #expect(try temper("inspect", model, model, model).status == 2)
    }
}
