// SPDX-License-Identifier: Apache-2.0
// Chooses among ways of framing a prompt the one that refusals survive least.

import LanguageModels
internal import Measuring
internal import Records
internal import Suites
import Tokenization
internal import Training

/// Chooses what to put around prompts, without changing a weight.
struct FramingSearch {
    let target: AttackTarget

    /// Returns the framing under which refusal of restricted validation prompts is least probable;
    /// where knowledge is restricted, the one under which the right answers to them are most
    /// probable.
    ///
    /// - Parameters:
    ///   - framings: The candidates; the first of equals is taken.
    ///   - name: What a candidate is called in notes of progress.
    ///   - meter: Counts a forward pass over each framed prompt.
    ///   - observer: Is told of each candidate.
    /// - Returns: nil when there is no candidate.
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
