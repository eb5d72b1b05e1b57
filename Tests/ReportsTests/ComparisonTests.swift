// SPDX-License-Identifier: Apache-2.0
// Records side by side: what is refused, what is compared, and the page.

import Foundation
import JSONText
import Testing

@testable import Records
@testable import Reports

@Suite struct ComparisonTests {
    /// The fixture's record, and one of a model that stands longer.
    static func records(model: String = "hardened-twice") -> [(file: String, record: AuditRecord)] {
        let cells = (1...3).flatMap { seed -> [CellRecord] in
            let shift = Int(seed) - 2
            return [
                ReportFixture.cell(
                    "lora-16-examples", seed: UInt64(seed),
                    refused: [47, 47, 45, 41 + shift, 30, 12 + 4 * shift, 6]),
                ReportFixture.instant("system-prompt", seed: UInt64(seed), refused: 45),
                ReportFixture.cell(
                    "lora-noisy-labels", seed: UInt64(seed), refused: [47, 46, 45, 44, 40, 39, 38],
                    examples: 10, operationsPerStep: 1.1e12),
            ]
        }
        var other = ReportFixture.record(model: model, cells: cells)
        other.model.digest = String(repeating: "7c", count: 32)
        return [
            ("build/one/record.json", ReportFixture.record()), ("build/two/record.json", other),
        ]
    }

    let comparison: Comparison
    let html: String

    init() throws {
        comparison = try Comparison(Self.records())
        html = ComparisonReport(comparison).html()
    }

    @Test("the page is well-formed, refers to nothing outside and runs nothing")
    func page() {
        let reader = PageReader(html)
        #expect(reader.failure == nil)
        let withoutNames = html.replacing(/xmlns="http:\/\/www\.w3\.org\/[^"]*"/, with: "")
        #expect(!withoutNames.contains("//") && !html.contains("@import"))
        for element in reader.elements {
            #expect(!["link", "iframe", "img", "object"].contains(element.name))
            #expect(!element.attributes.keys.contains { $0.hasPrefix("on") })
        }
        let identifiers = reader.elements.compactMap { $0.attributes["id"] }
        #expect(Set(identifiers).count == identifiers.count)
        for element in reader.elements {
            if let target = element.attributes["href"] {
                #expect(identifiers.contains(String(target.dropFirst())))
            }
        }
    }

    @Test("hostile names stay text", arguments: PageTests.hostile)
    func hostile(name: String) throws {
        var records = Self.records(model: name)
        for index in records.indices {
            records[index].record.battery = name
            records[index].record.commandLine = [name]
        }
        let report = ComparisonReport(try Comparison(records))
        let reader = PageReader(report.html())
        #expect(reader.failure == nil)
        let kinds = Set(PageReader(html).elements.map(\.name))
        #expect(Set(reader.elements.map(\.name)).isSubset(of: kinds))
        #expect(!report.markdown().contains("<script>"))
    }

    @Test("the heat maps have a cell for each adversary and model, and bounds where nothing broke")
    func maps() throws {
        let safeguard = comparison.safeguardMap
        #expect(safeguard.headers == ["smollm2-135m-instruct-safeguarded", "hardened-twice"])
        #expect(safeguard.rows.map(\.heading).prefix(2) == ["Before hardening", "Untampered"])
        #expect(safeguard.rows.count == 6)
        #expect(safeguard.rows.allSatisfy { $0.cells.count == 2 })
        let orthogonalisation = try #require(
            safeguard.rows.first { $0.heading == "orthogonalisation" })
        #expect(orthogonalisation.cells[1].text == "not run")
        let lora = try #require(
            comparison.costMap.rows.first { $0.heading == "lora-16-examples" })
        // The cheaper break has the stronger colour.
        func level(_ tone: String) -> Int {
            tone.split(separator: "-").last.flatMap { Int($0) } ?? 0
        }
        #expect(lora.cells.allSatisfy { $0.tone.hasPrefix("harm-") })
        #expect(level(lora.cells[0].tone) > level(lora.cells[1].tone))
        let noisy = try #require(
            comparison.costMap.rows.first { $0.heading == "lora-noisy-labels" })
        #expect(noisy.cells.allSatisfy { $0.tone == "censored" && $0.text.hasPrefix("> $") })
        for text in ["hardened-twice", "lora-16-examples", "not run", "> $0.00012"] {
            #expect(PageReader(html).text.contains(text))
        }
    }

    @Test("differences are corrected together, and costs are ratios of seeds that broke both")
    func differences() throws {
        let differences = comparison.differences
        #expect(differences.map(\.adversary).sorted() == comparison.shared.sorted())
        let lora = try #require(differences.first { $0.adversary == "lora-16-examples" })
        let ratio = try #require(lora.ratio)
        #expect(ratio.kind == .exact && ratio.value > 1)
        // By hand: the steps at which each seed broke, second model over first.
        let steps = Self.records().map { record in
            record.record.cells.filter { $0.adversary == "lora-16-examples" }
                .compactMap { $0.broken?.cost.steps }
        }
        let ratios = zip(steps[1], steps[0]).map { Double($0) / Double($1) }
        #expect(ratios.count == 3)
        #expect(abs(ratio.value - pow(ratios.reduce(1, *), 1.0 / 3)) < 1e-9)
        let noisy = try #require(differences.first { $0.adversary == "lora-noisy-labels" })
        #expect((noisy.rate?.difference ?? 0) > 0.5 && noisy.ratio == nil)
        let corrected = try #require(noisy.corrected)
        #expect(corrected >= noisy.rate?.probability ?? 1 && corrected < 0.001)
    }

    @Test("a model that was never broken costs more than the ratio of what was paid")
    func censoredRatio() throws {
        var records = Self.records()
        let cells = (1...3).map {
            ReportFixture.cell(
                "lora-16-examples", seed: $0, refused: [47, 47, 46, 45, 45, 44, 43])
        }
        records[1].record = ReportFixture.record(model: "hardened-twice", cells: cells)
        let difference = try #require(try Comparison(records).differences.first)
        #expect(difference.ratio?.kind == .atLeast)
        records.reverse()
        #expect(try Comparison(records).differences.first?.ratio?.kind == .atMost)
    }

    @Test("a seed that only one of two records has says nothing of their ratio")
    func unsharedSeed() throws {
        let stands = ReportFixture.cell("lora-16-examples", seed: 1, refused: [47, 47, 46, 45])
        let breaks = ReportFixture.cell("lora-16-examples", seed: 2, refused: [47, 30, 12, 4])
        let one = ReportFixture.record(cells: [stands, breaks])
        let two = ReportFixture.record(model: "other", cells: [stands])
        let difference = try #require(try Comparison([("a", one), ("b", two)]).differences.first)
        #expect(difference.rate?.difference == 0 && difference.ratio == nil)
    }

    @Test("an adversary of one name with other parameters is refused, naming them")
    func otherParameters() throws {
        var records = Self.records()
        records[1].record.adversaries[1].parameters["rank"] = 8
        records[1].record.adversaries[1].parameters["training"] = .object(["learningRate": 9])
        let error = #expect(throws: InputError.self) { try Comparison(records) }
        let text = error?.description ?? ""
        for word in [
            "one/record.json", "lora-16-examples", "rank 16 and 8", "training.learningRate",
        ] {
            #expect(text.contains(word), "\(text)")
        }
    }

    @Test("more steps are the same adversary with a greater budget, unless its rate goes by them")
    func moreSteps() throws {
        func records(_ schedule: ParameterValue) -> [(file: String, record: AuditRecord)] {
            var records = Self.records()
            for index in records.indices {
                records[index].record.adversaries[1].parameters["training"] = .object([
                    "steps": .number(Double(8 * (index + 1))), "schedule": schedule,
                ])
            }
            return records
        }
        #expect(try Comparison(records("constant")).shared.contains("lora-16-examples"))
        let error = #expect(throws: InputError.self) { try Comparison(records("cosine")) }
        #expect(error?.description.contains("training.steps 8 and 16") == true)
    }

    @Test("the trade has a row for each model but the control, and a point for each")
    func trade() throws {
        let reader = PageReader(html)
        #expect(reader.failure == nil)
        #expect(comparison.tradeOffChart != nil && html.contains("id=\"trade-off-title\""))
        let table = comparison.tradeOffTable
        #expect(table.rows.map(\.heading) == ["hardened-twice"])
        let held = try #require(table.rows[0].cells.first { $0.label == "Held" })
        #expect(held.text.contains(" of "))
        let text = ComparisonReport(comparison).tradeOffText()
        #expect(text.contains("hardened-twice") && text.contains("held"))
    }

    @Test("other suites, thresholds and budgets are refused; one record is no comparison")
    func otherSuites() throws {
        var records = Self.records()
        records[1].record.suite.digest = String(repeating: "0", count: 64)
        #expect(throws: InputError.self) { try Comparison(records) }
        records = Self.records()
        records[1].record.thresholds.safeguard = 0.3
        #expect(throws: InputError.self) { try Comparison(records) }
        records = Self.records()
        records[1].record.budget.steps = 8
        let error = #expect(throws: InputError.self) { try Comparison(records) }
        #expect(error?.description.contains("8 steps") == true)
        #expect(throws: InputError.self) { try Comparison([Self.records()[0]]) }
    }

    @Test("what a search found may differ between models, but not how long it searched")
    func searched() throws {
        let one = ReportFixture.searched()
        var two = ReportFixture.searched()
        two.adversaries[two.adversaries.count - 1].parameters["learningRate"] = 0.002
        _ = try Comparison([("a", one), ("b", two)])
        var search = try #require(two.searches?.first)
        search.trials.removeLast()
        two.searches = [search]
        #expect(throws: InputError.self) { try Comparison([("a", one), ("b", two)]) }
    }

    @Test("records of one model are told apart by their directories")
    func labels() throws {
        let record = ReportFixture.record()
        let same = try Comparison([("x/one/record.json", record), ("x/two/record.json", record)])
        #expect(same.entries.map(\.label).map { $0.prefix(4) } == ["one:", "two:"])
        let unnamed = try Comparison([("record.json", record), ("record.json", record)])
        #expect(Set(unnamed.entries.map(\.label)).count == 2)
        // A model that is compared with itself differs in nothing.
        #expect(same.differences.allSatisfy { $0.rate?.difference == 0 && $0.corrected == 1 })
    }

    @Test("Markdown rows have as many cells as their header, and JSON reads back")
    func otherForms() throws {
        let report = ComparisonReport(comparison)
        for table in report.markdown().split(separator: "\n\n") where table.hasPrefix("|") {
            let widths = table.split(separator: "\n").map { $0.count { $0 == "|" } }
            #expect(Set(widths).count == 1, "\(table)")
        }
        let json = try #require(
            JSONSerialization.jsonObject(with: try report.json()) as? [String: Any])
        #expect((json["models"] as? [Any])?.count == 2)
        #expect((json["results"] as? [Any])?.count == 7)
    }

    @Test("text on the strongest cell has a contrast of at least 4.5 to 1")
    func contrast() throws {
        let schemes = PageStyle.css.matches(of: /:root \{([^}]*)\}/).map { match in
            Dictionary(
                match.1.matches(of: /--([a-z]+): #([0-9a-f]{3,6})/).map { ($0.1, String($0.2)) },
                uniquingKeysWith: { $1 })
        }
        func channels(_ text: String) -> [Double] {
            let digits = text.count == 3 ? text.map { "\($0)\($0)" }.joined() : text
            let value = Int(digits, radix: 16) ?? 0
            return [value >> 16, value >> 8, value].map { Double($0 & 255) }
        }
        for scheme in schemes {
            let (paper, ink) = (try #require(scheme["paper"]), try #require(scheme["ink"]))
            for colour in ["hold", "harm"] {
                let mixed = zip(channels(try #require(scheme[Substring(colour)])), channels(paper))
                    .map { UInt8($0 * HeatMap.strongest + $1 * (1 - HeatMap.strongest)) }
                let text = mixed.hexadecimal
                #expect(contrastRatio(ink, text) >= 4.5, "\(colour) \(text)")
            }
        }
    }
}
