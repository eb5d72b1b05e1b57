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
}
