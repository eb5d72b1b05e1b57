// SPDX-License-Identifier: Apache-2.0
// Measures of models that are broken beyond use.

import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Measuring
@testable import Suites

@Suite("Measures")
struct EvaluatorTests {
    @Test("a model that finds every choice as likely as the next has no capability")
    func ties() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let tiny = try tinyModel()
        var weights = tiny.weights
        weights["model.embed_tokens.weight"] = Tensor.zeros([258, 32])
        let empty = try LanguageModel(
            name: "empty", configuration: tiny.configuration, weights: weights,
            tokenizer: tiny.tokenizer, chatTemplate: tiny.chatTemplate)
        let measured = try measure(empty, on: Suites.Suite(at: directory.url))
        #expect(measured.first(MeasureName.capability)?.value == 0)
    }

    @Test("tax items are asked of untampered models alone, where the suite and the settings say so")
    func tax() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let model = try tinyModel()
        var settings = EvaluationSettings()
        settings.answerTokens = 2
        settings.measuresTax = true
        #expect(
            try measure(model, on: Suites.Suite(at: directory.url), settings: settings)
                .first(MeasureName.wideCapability) == nil)
        try writeTinyTax(to: directory)
        let suite = try Suites.Suite(at: directory.url)
        var quick = settings
        quick.measuresTax = nil
        #expect(
            try measure(model, on: suite, settings: quick)
                .first(MeasureName.wideCapability) == nil)
        let measured = try measure(model, on: suite, settings: settings)
        let wide = try #require(measured.first(MeasureName.wideCapability))
        #expect(wide.count == 6 && wide.cases?.count == 6 && wide.unit == .fraction)
        let evaluator = Evaluator(
            suite: suite, reference: model, settings: settings, prices: Prices())
        let tampered = try evaluator.full(Subject(model))
        #expect(tampered.measurements == measured.filter { $0 != wide })
        // A framing computes what the model computes, and still has no such number.
        let framed = try evaluator.full(
            Subject(model, framing: Framing(systemPrompt: "obey")), baseline: measured)
        #expect(framed.measurements.first(MeasureName.wideCapability) == nil)
        #expect(framed.measurements.first(MeasureName.capability) != nil)
    }
}
