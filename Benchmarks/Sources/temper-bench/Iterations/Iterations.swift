// SPDX-License-Identifier: Apache-2.0
// Temper's side of every piece of work.

import Foundation
import LanguageModels
import Tensors
import Tokenization

/// Does a piece of work once and gives its result, in rows.
typealias Iteration = () throws -> [[Double]]

/// Prepares a piece of work.
func iteration(of job: Job) throws -> Iteration {
    let directory = URL(fileURLWithPath: job.model)
    switch job.work {
    case .lora, .full: return try training(job, of: LanguageModel(at: directory))
    case .decode:
        let model = try LanguageModel(at: directory).withoutStopTokens()
        let generator = Generator(maximumTokens: job.newTokens, batchSize: job.batchSize)
        let prompts = job.examples.map(\.prompt)
        return { try generator.generate(from: prompts, model: model).map { $0.map(Double.init) } }
    case .score:
        let model = try LanguageModel(at: directory)
        return { [try model.logLikelihoods(of: job.examples).map(Double.init)] }
    case .load:
        return {
            let model = try LanguageModel(at: directory)
            let prompts = [model.tokenizer.encode("Here is")]
            return [[Double(try model.nextTokenLogProbabilities(after: prompts).max().item())]]
        }
    case .tokenizer:
        return {
            let tokenizer = try LanguageModel.tokenizer(at: directory)
            return [tokenizer.encode("Here is").map(Double.init)]
        }
    case .tokenise:
        let tokenizer = try LanguageModel.tokenizer(at: directory)
        return { job.texts.map { tokenizer.encode($0).map(Double.init) } }
    }
}

extension LanguageModel {
    /// The same model; its answers end only when they are as long as they may be.
    fileprivate func withoutStopTokens() throws -> LanguageModel {
        try LanguageModel(
            name: name, configuration: configuration, weights: weights, tokenizer: tokenizer,
            chatTemplate: chatTemplate, stopTokens: [])
    }
}
