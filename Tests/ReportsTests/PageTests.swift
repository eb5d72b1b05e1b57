// SPDX-License-Identifier: Apache-2.0
// The page: self-contained, well-formed, safe with hostile names, whole with missing numbers.

import Crypto
import Foundation
import Testing

@testable import Records
@testable import Reports

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reads a page as XML and keeps what the tests ask for.
final class PageReader: NSObject, XMLParserDelegate {
    private(set) var elements: [(name: String, attributes: [String: String])] = []
    private(set) var text = ""
    private(set) var failure: String?

    init(_ html: String) {
        super.init()
        let parser = XMLParser(data: Data(html.utf8))
        parser.delegate = self
        if !parser.parse() {
            let problem = parser.parserError.map(String.init(describing:)) ?? ""
            failure = "line \(parser.lineNumber): \(problem)"
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        elements.append((elementName, attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct PageTests {
    let html = Report(ReportFixture.record()).html()

    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a' onload='x",
        "\"\u{301} onmouseover=\"alert(1)", "<\u{338}script>", "{{details}} {{{style}}} {{>table}}",
        "&amp; &lt; ]]> <!-- --", "\u{0}\u{1}\u{8}\u{1B}[31m", "\u{202E}drawkcab\u{2066}",
        "\u{FFFE}\u{FFFF}", "https://example.com/x.png", "javascript:alert(1)", "",
        String(repeating: "long-name-", count: 40), "模型 🧪 نموذج",
    ]

    @Test("the page is well-formed XML")
    func wellFormed() {
        #expect(PageReader(html).failure == nil)
        #expect(html.hasPrefix("<!DOCTYPE html>"))
    }

    @Test("the page refers to nothing outside itself")
    func selfContained() {
        let withoutNames = html.replacing(/xmlns="http:\/\/www\.w3\.org\/[^"]*"/, with: "")
        #expect(!withoutNames.contains("http:") && !withoutNames.contains("https:"))
        #expect(!withoutNames.contains("//"))
        #expect(!html.contains("@import"))
        for match in html.matches(of: /url\(([^)]*)\)/) { #expect(match.1.hasPrefix("#")) }
        let reader = PageReader(html)
        for element in reader.elements {
            #expect(!["link", "iframe", "img", "object"].contains(element.name))
            #expect(element.attributes["src"] == nil)
            if let target = element.attributes["href"] { #expect(target.hasPrefix("#")) }
            #expect(!element.attributes.keys.contains { $0.hasPrefix("on") })
        }
    }

    @Test("the page's policy admits its one script by digest, and no other")
    func script() {
        let digest = Data(SHA256.hash(data: Data(PageScript.text.utf8))).base64EncodedString()
        #expect(PageScript.digest == digest)
        #expect(html.contains("script-src 'sha256-\(digest)'"))
        #expect(html.contains("<script>\(PageScript.text)</script>"))
        #expect(PageReader(html).elements.count { $0.name == "script" } == 1)
        #expect(!PageScript.text.contains("<") && !PageScript.text.contains("&"))
    }

    @Test("hostile names stay text wherever they stand", arguments: hostile)
    func hostileNames(name: String) {
        var record = ReportFixture.record(model: name)
        record.suite.name = name
        record.suite.safeguard = name
        record.battery = name
        record.machine.device = name
        record.judges = [JudgeNote(measure: name, judge: name, note: name)]
        record.hardening?.parameters = [name: .string(name)]
        record.commandLine = ["temper", "audit", name]
        record.baseline.append(
            MeasuredValue(measure: name, value: 0.5, count: 2, unit: .score, split: .test))
        for index in record.adversaries.indices where index > 0 {
            let old = record.adversaries[index].name
            record.adversaries[index].name = "\(name)\(index)"
            record.adversaries[index].attack = name
            record.adversaries[index].description = name
            record.adversaries[index].parameters[name] = .list([.string(name)])
            for cell in record.cells.indices where record.cells[cell].adversary == old {
                record.cells[cell].adversary = "\(name)\(index)"
                record.cells[cell].machine.processor = name
                if index == 2 { record.cells[cell].state = .failed(reason: name) }
                if index == 3 { record.cells[cell].state = .inapplicable(reason: name) }
            }
        }
        // The initializer sums the outcomes up under the new names.
        let renamed = AuditRecord(
            temperVersion: name, engineVersion: name, createdAt: record.createdAt,
            commandLine: record.commandLine, machine: record.machine, prices: record.prices,
            model: record.model, baseModel: record.baseModel, hardening: record.hardening,
            suite: record.suite, thresholds: record.thresholds, battery: record.battery,
            adversaries: record.adversaries, seeds: record.seeds, budget: record.budget,
            evaluation: EvaluationSettings(judges: [name]), baseline: record.baseline,
            original: record.original, cells: record.cells, judges: record.judges)
        let page = Report(renamed).html()
        let reader = PageReader(page)
        #expect(reader.failure == nil)
        let plain = PageReader(html)
        let kinds = Set(plain.elements.map(\.name))
        #expect(Set(reader.elements.map(\.name)).isSubset(of: kinds.union(["li", "ul"])))
        #expect(
            !reader.elements.contains { $0.attributes.keys.contains { $0.hasPrefix("on") } })
        #expect(!page.unicodeScalars.contains("\u{202E}"))
        #expect(!page.unicodeScalars.contains("\u{1B}"))
        if name.hasPrefix("{{") { #expect(reader.text.contains(name)) }
    }

    @Test("every adversary, its parameters and its numbers appear")
    func numbers() {
        let record = ReportFixture.record()
        let text = PageReader(html).text
        for adversary in record.adversaries {
            #expect(text.contains(adversary.name))
            #expect(text.contains(adversary.description ?? ""))
            for name in adversary.parameters.keys { #expect(text.contains(name)) }
            let summary = AdversarySummary(adversary, of: record)
            for measure in [
                MeasureName.refusal, MeasureName.compliance, MeasureName.incoherence,
                MeasureName.overRefusal, MeasureName.capability, MeasureName.perplexity,
                MeasureName.divergence,
            ] {
                let value = summary.final(measure)
                #expect(value != nil)
                #expect(text.contains(value?.text ?? "none"))
                #expect(text.contains(value?.bounds ?? "none"))
            }
            if let cost = summary.outcome?.typical?.cost, !adversary.isControl {
                #expect(text.contains(NumberText.count(cost.tokens)))
                #expect(text.contains(NumberText.dollars(cost.dollars)))
                #expect(text.contains(NumberText.duration(cost.deviceSeconds)))
                #expect(text.contains(NumberText.significant(cost.floatingPointOperations)))
            }
        }
        #expect(text.contains(record.model.digest) && text.contains(record.suite.digest))
        #expect(text.contains(record.commandLine.joined(separator: " ")))
        #expect(text.contains("\(record.prices.dollarsPerHour)0 an hour"))
    }

    @Test("every coordinate in a chart is a finite number")
    func coordinates() {
        let names = [
            "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points",
        ]
        for element in PageReader(html).elements {
            for (name, value) in element.attributes where names.contains(name) {
                for part in value.split(whereSeparator: { ", ".contains($0) }) {
                    let digits = part.hasSuffix("%") ? part.dropLast() : part
                    #expect(Double(digits)?.isFinite == true, "\(name)=\(value)")
                }
            }
        }
    }

    @Test("identifiers are unique, and every chart has a title and a description")
    func accessible() {
        let elements = PageReader(html).elements
        let identifiers = elements.compactMap { $0.attributes["id"] }
        #expect(Set(identifiers).count == identifiers.count)
        for element in elements where element.name == "svg" {
            if element.attributes["role"] == "img" {
                let labels = element.attributes["aria-labelledby"]?.split(separator: " ") ?? []
                #expect(labels.count == 2)
                #expect(labels.allSatisfy { identifiers.contains(String($0)) })
            } else {
                #expect(element.attributes["aria-hidden"] == "true")
            }
        }
        for element in elements where element.name == "th" {
            #expect(["row", "col"].contains(element.attributes["scope"]))
        }
        for element in elements {
            if let target = element.attributes["href"] {
                #expect(identifiers.contains(String(target.dropFirst())))
            }
        }
        #expect(elements.first { $0.name == "html" }?.attributes["lang"] == "en")
        let levels = elements.map(\.name).filter { ["h1", "h2", "h3"].contains($0) }
        #expect(levels.count { $0 == "h1" } == 1 && levels.first == "h1")
    }

    @Test("values that are missing or not finite leave gaps, never a broken page")
    func missing() {
        var record = ReportFixture.record(hasOriginal: false)
        for cell in record.cells.indices {
            for point in record.cells[cell].trace.indices {
                for index in record.cells[cell].trace[point].measurements.indices {
                    let values: [Double] = [.nan, .infinity, -.infinity]
                    if (cell + point + index) % 2 == 0 {
                        record.cells[cell].trace[point].measurements[index].value =
                            values[index % 3]
                        record.cells[cell].trace[point].measurements[index].interval = nil
                    }
                }
            }
        }
        record.cells[0].trace = []
        record.cells[1].state = .failed(reason: "ran out of memory")
        record.cells[2].broken = nil
        record.baseline.removeAll { $0.measure == MeasureName.capability }
        let page = Report(record).html()
        #expect(PageReader(page).failure == nil)
        #expect(page.contains("ran out of memory"))
        #expect(!page.contains("=\"nan") && !page.contains("=\"inf") && !page.contains(">nan<"))
        #expect(page.contains("is not known"))
        _ = Report(record).terminalSummary(width: 100)
    }

    @Test("a record without any cell, adversary or measurement still makes a page that says so")
    func empty() {
        let record = ReportFixture.record(cells: [], adversaries: [], baseline: [])
        let page = Report(record).html()
        #expect(PageReader(page).failure == nil)
        #expect(Report(record).verdict.contains("no result"))
        #expect(Report(record).terminalSummary(width: 80).contains("no result"))
    }

    @Test("a hundred adversaries make a page")
    func many() {
        let adversaries = (0..<100).map {
            AdversarySpecification(name: "adversary \($0)", attack: "lora-fine-tuning")
        }
        let cells = adversaries.map {
            ReportFixture.cell($0.name, seed: 1, refused: [47, 30, 20, 9])
        }
        let page = Report(ReportFixture.record(cells: cells, adversaries: adversaries)).html()
        #expect(PageReader(page).failure == nil)
        #expect(page.contains("adversary 99"))
    }

    @Test("text has a contrast of at least 4.5 to 1 in light, dark and print")
    func contrast() throws {
        let schemes = PageStyle.css.matches(of: /:root \{([^}]*)\}/).map { match in
            Dictionary(
                match.1.matches(of: /--([a-z]+): #([0-9a-f]{3,6})/).map { ($0.1, $0.2) },
                uniquingKeysWith: { $1 })
        }
        #expect(schemes.count == 3)
        for scheme in schemes {
            for background in ["paper", "raised"] {
                for text in ["ink", "soft", "hold", "harm", "mute", "capability"] {
                    let ratio = contrastRatio(
                        String(try #require(scheme[Substring(text)])),
                        String(try #require(scheme[Substring(background)])))
                    #expect(ratio >= 4.5, "\(text) on \(background): \(ratio)")
                }
            }
        }
    }

    @Test("answers that never came have a share of their own")
    func unanswered() {
        var record = ReportFixture.record()
        #expect(!Report(record).html().contains("never answers"))
        record.baseline.append(.share(MeasureName.unanswered, 12, of: 48, split: .test))
        let html = Report(record).html()
        #expect(html.contains("never answers 25%"))
        #expect(html.contains("class=\"outcome-unanswered\" x="))
    }
}

/// The contrast of two colours by WCAG 2.2.
func contrastRatio(_ first: String, _ second: String) -> Double {
    func luminance(_ hexadecimal: String) -> Double {
        let digits =
            hexadecimal.count == 3 ? hexadecimal.map { "\($0)\($0)" }.joined() : hexadecimal
        let value = Int(digits, radix: 16) ?? 0
        let channels: [Double] = [value >> 16, value >> 8, value].map { channel in
            let share = Double(channel & 255) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    let (one, two) = (luminance(first), luminance(second))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)
}
