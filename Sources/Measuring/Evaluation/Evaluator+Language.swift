// SPDX-License-Identifier: Apache-2.0
// Observes a model's losses on the retain texts, and its divergence from the untampered model.

internal import LanguageModels
internal import Records
internal import Suites
internal import Synchronization
internal import Tensors
internal import Tokenization

extension Evaluator {
    /// Returns the losses of retain texts, and the KL divergence from the untampered model.
    func language(
        of subject: Subject, into evaluation: inout Evaluation
    ) throws -> ObservedTexts {
        let texts = suite.retain.map { subject.model.tokenizer.encode($0.text) }
        let reading = try Reading(of: texts, by: subject.model, edit: subject.edit)
        let losses = try reading.logProbabilities().map { text in
            -text.reduce(0) { $0 + Double($1) } / Double(max(text.count, 1))
        }
        let divergences = try reading.divergences(from: reference.reading())
        evaluation.count(prompts: texts.count, tokens: texts.reduce(0) { $0 + $1.count })
        return ObservedTexts(
            split: .test, losses: losses, divergences: divergences.map(Double.init))
    }
}

/// The model with which others are compared. It reads the texts once, when they are first needed.
final class Reference: Sendable {
    private let model: LanguageModel
    private let texts: [String]
    private let result = Mutex<Reading?>(nil)

    init(model: LanguageModel, texts: [String]) {
        self.model = model
        self.texts = texts
    }

    func reading() throws -> Reading {
        try result.withLock { result in
            if let result { return result }
            let new = try Reading(of: texts.map { model.tokenizer.encode($0) }, by: model)
            result = new
            return new
        }
    }
}
