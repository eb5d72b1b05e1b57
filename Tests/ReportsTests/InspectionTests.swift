// SPDX-License-Identifier: Apache-2.0
// An inspection's page and its lines for a terminal.

import Foundation
import Records
import Testing

@testable import Reports

@Suite struct InspectionTests {
    static func inspection(name: String = "models/derived") -> Inspection {
        let modules = ["self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj"]
        let tensors = (0..<3).flatMap { layer in
            modules.map { module in
                let isWriter = module != "self_attn.q_proj"
                return InspectedTensor(
                    name: "model.layers.\(layer).\(module).weight", shape: [64, 64],
                    kinds: isWriter ? [.orthogonalised] : [],
                    changedShare: isWriter ? 1 : 0,
                    relativeChange: isWriter ? 0.01 * Double(layer + 1) : 0,
                    effectiveRank: isWriter ? 1 : nil, rankIsLeast: false,
                    remark: isWriter ? "a direction taken out" : "")
            }
        }
        return Inspection(
            derived: name, base: "models/base", third: nil, verdict: .orthogonalised,
            summary: "One direction taken out with strength 1.", agreement: 1,
            operations: [
                InspectedOperation(
                    kind: .orthogonalised, summary: "one direction taken out", tensorCount: 6,
                    modules: ["o_proj", "down_proj"], layers: [0, 1, 2],
                    numbers: ["greatestStrength": 1])
            ],
            directions: [
                InspectedDirection(
                    layers: [0, 1, 2], tensorCount: 6, cosine: 0.934, layer: 12, position: -3,
                    chance: 0.207)
            ], notes: ["The result was rounded to BF16."],
            tensors: tensors + [
                InspectedTensor(
                    name: "model.embed_tokens.weight", shape: [256, 64], kinds: [],
                    changedShare: 0, relativeChange: 0, effectiveRank: nil, rankIsLeast: false,
                    remark: "")
            ])
    }

    @Test("the page is well-formed, refers to nothing outside and runs nothing")
    func page() {
        let html = InspectionReport(Self.inspection()).html()
        let reader = PageReader(html)
        #expect(reader.failure == nil)
        let withoutNames = html.replacing(/xmlns="http:\/\/www\.w3\.org\/[^"]*"/, with: "")
        #expect(!withoutNames.contains("//"))
        for element in reader.elements {
            #expect(!["link", "iframe", "img", "object"].contains(element.name))
        }
        for words in [
            "orthogonalised", "Layer 2", "rank 1", "3.0%", "embed_tokens", "BF16", "0.934", "0.207",
            "layer 12, position -3",
        ] {
            #expect(html.contains(words), "\(words)")
        }
    }

    @Test("hostile names stay text", arguments: PageTests.hostile)
    func hostile(name: String) {
        #expect(PageReader(InspectionReport(Self.inspection(name: name)).html()).failure == nil)
    }

    @Test("the terminal is told the verdict, a line a module, and the notes")
    func terminal() {
        let text = InspectionReport(Self.inspection()).terminalSummary()
        #expect(text.hasPrefix("Verdict: orthogonalised\n"))
        #expect(text.contains("down_proj"))
        #expect(text.contains("Note: The result was rounded to BF16."))
        #expect(
            text.contains(
                "Direction taken out of 6 tensors, layers 0 to 2: |cos| 0.934 with a refusal "
                    + "direction of layer 12, position -3; chance stays below 0.207: matches"))
        let unchanged = text.split(separator: "\n").first { $0.hasPrefix("q_proj") }
        #expect(unchanged?.contains("unchanged") == true)
    }

    @Test("behaviour beside the base is a line and a part of the page")
    func behaviour() throws {
        var inspection = Self.inspection()
        let gap = try #require(
            RateDifference(
                paired: Array(repeating: true, count: 20), minus: Array(repeating: false, count: 20)
            ))
        inspection.behaviour = InspectedBehaviour(
            suite: "suite", prompts: 20, baseRefusal: 1, derivedRefusal: 0, gap: gap,
            safeguard: .removed, summary: "The safeguard was removed.")
        let text = InspectionReport(inspection).terminalSummary()
        #expect(text.contains("The safeguard was removed. Gap +1.00 ["))
        #expect(InspectionReport(inspection).html().contains("The safeguard was removed."))
    }

    @Test("a survey has a line for each derivative, also for one that could not be read")
    func survey() throws {
        let survey = InspectionSurvey(
            base: "base",
            rows: [
                .init(derived: "good\u{1B}[2J", inspection: Self.inspection()),
                .init(derived: "broken", failure: "broken: has no tensors"),
            ])
        let lines = SurveyReport(survey).terminalTable().split(separator: "\n")
        #expect(lines.count == 3 && !lines[0].contains("gap"))
        #expect(lines[1].contains("orthogonalised") && !lines[1].contains("\u{1B}"))
        #expect(lines[2].contains("not inspected") && lines[2].hasSuffix("has no tensors"))
        let data = try canonicalJSON(survey)
        #expect(try JSONDecoder().decode(InspectionSurvey.self, from: data) == survey)
    }

    @Test("an inspection is read back as it was written")
    func json() throws {
        let inspection = Self.inspection()
        let data = try canonicalJSON(inspection)
        #expect(try JSONDecoder().decode(Inspection.self, from: data) == inspection)
    }
}
