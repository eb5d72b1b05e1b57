// SPDX-License-Identifier: Apache-2.0
// Runs the stages of a hardening, resumes them, and stops one that diverges.

internal import Adversaries
internal import Foundation
internal import JSONText
internal import LanguageModels
internal import ModelWriting
internal import Records
internal import Suites
internal import Tensors
internal import Tokenization
internal import Training

/// Runs the stages of a hardening.
struct HardeningRun {
    let target: HardeningTarget
    let saved: SavedTraining?
    /// What was paid so far.
    private(set) var meter: CostMeter
    /// The learning curve of each training so far.
    private(set) var curves: [LearningCurve] = []
    /// What the last preparation reported; nil when it did nothing.
    private var note: String?
    private let redTeamRounds: Int
    private let redTeam = RedTeam()
    private let guardian: CollapseGuard

    init(
        _ target: HardeningTarget, redTeamRounds: Int, saved: SavedTraining?, prices: Prices
    ) throws {
        self.target = target
        self.redTeamRounds = redTeamRounds
        self.saved = saved
        meter = CostMeter(model: target.model, prices: prices)
        guardian = try CollapseGuard(target)
    }

    /// Runs all stages.
    ///
    /// - Parameters:
    ///   - defense: What makes them.
    ///   - progress: Hears of each step; may throw to end the work.
    /// - Returns: The hardened model.
    /// - Throws: Errors of the engine and the model, `FruitlessTraining`, and what `progress` throws.
    mutating func model(
        by defense: any Defense, progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel {
        var stages = try defense.stages(for: target)
        stages += redTeam.stages(rounds: redTeamRounds, for: target)
        var model = target.model
        var first = 0
        if let found = try saved?.savedStage(), stages.indices.contains(found.stage) {
            (first, curves) = (found.stage, found.curves)
            let names = model.weights.keys.sorted()
            model = try model.replacing(
                Dictionary(zip(names, found.weights), uniquingKeysWith: { first, _ in first }))
        }
        for (index, stage) in stages.enumerated().dropFirst(first) {
            let store = saved?.ofStage(
                index,
                beginningWith: index == 0
                    ? [] : model.weights.sorted { $0.key < $1.key }.map(\.value),
                after: curves)
            let isLast = index == stages.count - 1
            switch stage.work {
            case .edit(let edit):
                model = try withPreparation(stage, paying: true, progress: progress) {
                    try edit(model, &$0)
                }
                try evaluate(Array(model.weights.values))
                try progress(HardeningProgress(phase: stage.name, done: 1, total: 1, note: ""))
                if isLast { try guardian.check(model, defense: type(of: defense).name) }
            case .training(let problem):
                let loop = try train(
                    stage, store: store,
                    problem: { [model] in try problem(model, &$0) },
                    check: isLast
                        ? { [guardian] in try guardian.check($0, defense: type(of: defense).name) }
                        : nil,
                    progress: progress)
                curves.append(
                    LearningCurve(stage: stage.name, note: note, losses: loop.losses))
                model = try loop.trained().model
            }
        }
        return model
    }

    /// Trains one stage to its end.
    private mutating func train(
        _ stage: HardeningStage, store: SavedTraining?,
        problem: (inout Preparation) throws -> TrainingProblem,
        check: ((LanguageModel) throws -> Void)?, progress: (HardeningProgress) throws -> Void
    ) throws -> Loop {
        // What is saved of this stage was paid with its preparation, and with what was before it.
        let isResumed = try store?.saved() != nil
        let problem = try withPreparation(stage, paying: !isResumed, progress: progress, problem)
        if isResumed { meter = meter.unpaid }
        var loop = Loop(problem)
        try loop.save(to: store, meter: &meter)
        // A training that repairs a model, as behind noise, is judged by its end alone.
        let repairs = try check != nil && guardian.hasCollapsed(problem.model)
        let points: TracePoints =
            check == nil || repairs ? .end : .every(max(1, problem.steps / 4))
        try loop.run(
            offering: points, meter: &meter,
            advanced: { step, loss in
                guard loss.isFinite else {
                    throw FruitlessTraining(
                        cause: InputError(
                            "\(stage.name), step \(step)", "the loss is \(loss)",
                            remedy: "lower training.learningRate, or the weight of the term that "
                                + "has no lower bound"))
                }
                try progress(
                    HardeningProgress(
                        phase: stage.name, done: step, total: problem.steps,
                        note: String(format: "loss %.2f", loss)))
            },
            offer: { loop, _, _ in
                try check?(loop.trained().model)
                return true
            })
        return loop
    }

    /// Does work that is paid for as a preparation.
    private mutating func withPreparation<Result>(
        _ stage: HardeningStage, paying isPaid: Bool,
        progress: (HardeningProgress) throws -> Void,
        _ work: (inout Preparation) throws -> Result
    ) throws -> Result {
        note = nil
        return try withoutActuallyEscaping(progress) { progress in
            let notes = Notes()
            var preparation = Preparation(paying: meter) { note in
                notes.last = note
                try progress(HardeningProgress(phase: stage.name, done: 0, total: 0, note: note))
            }
            let result = try work(&preparation)
            if isPaid { meter = preparation.meter }
            note = notes.last
            return result
        }
    }
}

/// What a preparation said last.
private final class Notes {
    var last: String?
}

/// Tells a hardened model that has collapsed from one that has not.
private struct CollapseGuard {
    /// Perplexity on plain prose may rise by this factor.
    private static let factor = 10.0
    private static let textCount = 16

    private let texts: [[Int]]
    private let before: Double

    init(_ target: HardeningTarget) throws {
        let model = target.model
        texts = target.suite.retain.prefix(Self.textCount)
            .map {
                Array(model.tokenizer.encode($0.text).prefix(model.configuration.contextLength))
            }
            .filter { $0.count > 1 }
        before = try Self.meanLoss(of: texts, by: model)
    }

    /// Whether plain prose perplexes a model too much.
    func hasCollapsed(_ model: LanguageModel) throws -> Bool {
        try !(rise(of: model) <= Self.factor)
    }

    /// Throws `FruitlessTraining` for a model that has collapsed.
    func check(_ model: LanguageModel, defense: String) throws {
        let rise = try rise(of: model)
        guard !(rise <= Self.factor) else { return }
        throw FruitlessTraining(
            cause: InputError(
                defense,
                "has collapsed: perplexity on plain prose is "
                    + (rise.isFinite ? String(format: "%.0f times", rise) : "infinitely many times")
                    + " what it was",
                remedy: "lower training.learningRate or training.steps, or raise the weight of "
                    + "what is retained"))
    }

    /// How many times as perplexed by plain prose a model is as the one before hardening.
    private func rise(of model: LanguageModel) throws -> Double {
        texts.isEmpty ? 1 : exp(try Self.meanLoss(of: texts, by: model) - before)
    }

    /// The mean negative log-likelihood of all tokens, in nats.
    private static func meanLoss(of texts: [[Int]], by model: LanguageModel) throws -> Double {
        let values = try model.logProbabilities(ofEach: texts).flatMap { $0 }
        return values.isEmpty ? 0 : -values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
}
