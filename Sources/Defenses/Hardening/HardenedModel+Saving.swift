// SPDX-License-Identifier: Apache-2.0
// Hardening of models on disk, saved on its way.

internal import Checkpoints
public import Foundation
internal import JSONText
public import LanguageModels
internal import Measuring
internal import ModelWriting
public import Records
public import Suites

extension HardenedModel {
    /// Hardens a model on disk so that the same call resumes an interrupted run.
    ///
    /// The training is saved in a hidden directory beside the output, which ``write(to:replacing:)``
    /// removes. The result has the bits of an uninterrupted run.
    ///
    /// - Parameters:
    ///   - url: The model's files.
    ///   - defense: How.
    ///   - suite: The safeguard.
    ///   - original: The files of the checkpoint that the model was made from, or nil.
    ///   - redTeamRounds: How often a red team looks for wordings that the model still answers.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - prices: What turns operations into dollars.
    ///   - form: The chat template and the date, where they are not left to the checkpoint.
    ///   - output: The directory that will be written.
    ///   - interval: The seconds between two saves; 0 saves before each step.
    ///   - progress: Hears of each step, and of what was found; may throw to end the work.
    /// - Throws: As ``init(hardening:by:redTeamRounds:prices:progress:)`` does, and `InputError` when the training
    ///   cannot be saved.
    public init(
        hardening url: URL, by defense: any Defense, suite: Suite, original: URL? = nil,
        redTeamRounds: Int = 0, seed: UInt64, prices: Prices = Prices(),
        conversingIn form: ConversationForm = ConversationForm(), savingBeside output: URL,
        every interval: Double = 60,
        progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        let loaded = try LoadedModel(at: url, in: form)
        if type(of: defense).trainsOnRestrictedAnswers,
            try HardenedModel.summary(of: loaded) != nil
        {
            throw InputError(
                loaded.files.url.path,
                "was hardened, and \(type(of: defense).name) would first give back what hardening "
                    + "took",
                remedy: "harden the model that it was made from")
        }
        let base = try original.map { try LoadedModel(at: $0, in: form) }
        var parameters = try parameterValues(of: defense)
        parameters["redTeamRounds"] = .number(Double(redTeamRounds))
        let saved = SavedTraining(
            of: .init(
                model: loaded.identity.digest, original: base?.identity.digest,
                suite: suite.digest, work: type(of: defense).name, parameters: parameters,
                seed: seed, prices: prices),
            beside: output, every: interval)
        try saved.report.map {
            try progress(HardeningProgress(phase: $0, done: 0, total: 0, note: ""))
        }
        try self.init(
            hardening: HardeningTarget(
                model: loaded.model, suite: suite, original: base?.model, seed: seed),
            by: defense, redTeamRounds: redTeamRounds, prices: prices, saved: saved,
            progress: progress)
    }
}
