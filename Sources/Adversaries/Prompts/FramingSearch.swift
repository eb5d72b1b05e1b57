// SPDX-License-Identifier: Apache-2.0
// Chooses the framing of prompts that weakens refusals most.

import LanguageModels
internal import Measuring
internal import Records
internal import Suites
import Tokenization
internal import Training

/// Chooses a framing of prompts without changing a weight.
struct FramingSearch {
    let target: AttackTarget

    /// Returns the framing under which refusal of restricted validation prompts is least probable.
    /// For restricted knowledge it is the one under which the correct answers to them are most
    /// probable.
    ///
    /// - Parameters:
    ///   - framings: The candidates. Of equal ones the first is taken.
    ///   - name: The name of a candidate in progress notes.
    ///   - meter: Counts a forward pass over each framed prompt.
    ///   - observer: Receives each candidate.
    /// - Returns: The best framing; nil when there is no candidate.
    /// - Throws: Errors of the engine and the model; `CancellationError`.
    func best(
        of framings: [Framing], name: String, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws -> Framing? {
        let (model, suite) = (target.model, target.suite)
        let score = RefusalScore(suite: suite, tokenizer: model.tokenizer)
        var best: (framing: Framing, score: Double)?
        for (index, framing) in framings.enumerated() {
            try observer.advanced(to: 0, note: "\(name) \(index + 1)")
            let inputs = try suite.restricted.validation.map {
                try Subject(model, framing: framing).tokens(for: $0.prompt)
            }
            let scores: [Double]
            if suite.knowledge == nil {
                for input in inputs { meter.countForward(tokens: input.count) }
                scores = try meter.timing { try score.scores(of: inputs, model: model) }
            } else {
                let examples = zip(inputs, suite.restricted.validation).map { input, item in
                    CompletionExample(
                        prompt: input,
                        completion: model.tokenizer.encode(
                            item.target, addingSpecialTokens: false))
                }
                for example in examples {
                    meter.countForward(tokens: example.prompt.count + example.completion.count)
                }
                scores = try meter.timing { try model.logLikelihoods(of: examples) }
                    .map { -Double($0) }
            }
            let mean = scores.reduce(0, +) / Double(scores.count)
            if mean < best?.score ?? .infinity { best = (framing, mean) }
        }
        return best?.framing
    }
}
