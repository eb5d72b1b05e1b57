// SPDX-License-Identifier: Apache-2.0
// Teaching of models on disk, saved on its way.

public import Foundation
public import LanguageModels
internal import Measuring
internal import ModelWriting
public import Records
public import Suites

extension TaughtModel {
    /// Teaches a model so that the same call resumes an interrupted run.
    ///
    /// The training is saved in a hidden directory beside the output, which ``write(to:replacing:)``
    /// removes. The result has the bits of an uninterrupted run.
    ///
    /// - Parameters:
    ///   - url: The model's files.
    ///   - suite: A knowledge restriction.
    ///   - teaching: How.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - prices: What turns operations into dollars.
    ///   - form: The chat template and the date, where they are not left to the checkpoint.
    ///   - output: The directory that will be written.
    ///   - interval: The seconds between two saves; 0 saves before each step.
    ///   - progress: Hears of each step, and of what was found; may throw to end the work.
    /// - Throws: As ``init(teaching:suite:by:seed:prices:progress:)`` does, and `InputError`
    ///   when the training cannot be saved.
    public init(
        teaching url: URL, suite: Suite, by teaching: Teaching = Teaching(), seed: UInt64,
        prices: Prices = Prices(), conversingIn form: ConversationForm = ConversationForm(),
        savingBeside output: URL, every interval: Double = 60,
        progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        let loaded = try LoadedModel(at: url, in: form)
        let saved = SavedTraining(
            of: .init(
                model: loaded.identity.digest, suite: suite.digest, work: "teaching",
                parameters: try parameterValues(of: teaching), seed: seed, prices: prices),
            beside: output, every: interval)
        try saved.report.map {
            try progress(HardeningProgress(phase: $0, done: 0, total: 0, note: ""))
        }
        try self.init(
            teaching: loaded, suite: suite, by: teaching, seed: seed, prices: prices, saved: saved,
            progress: progress)
    }
}
