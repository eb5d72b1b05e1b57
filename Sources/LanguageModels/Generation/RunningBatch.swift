// SPDX-License-Identifier: Apache-2.0
// Prompts that come and go while others are continued, as in a server (continuous batching).

/// Prompts that are continued together, each with its settings. Others may join between any two
/// steps, and an answer that has ended leaves its place to them (iteration-level scheduling: Yu et
/// al., "Orca", OSDI 2022).
///
/// A greedy answer does not depend on the other prompts.
public struct RunningBatch {
    private let model: LanguageModel
    private var decoding: Decoding?

    /// Makes an empty batch.
    ///
    /// - Parameter model: The model.
    public init(of model: LanguageModel) { self.model = model }

    /// The number of prompts whose answers have not ended.
    public var count: Int { decoding?.unfinishedCount ?? 0 }

    /// Reads prompts and adds them. If this throws, the batch is as it was.
    ///
    /// - Parameters:
    ///   - continuations: The prompts, each with an identifier for ``step(_:)``.
    ///   - isWanted: Asked between the layers while long prompts are read. If it returns false, the
    ///     reading stops and none of the prompts is added.
    /// - Throws: `InputError` in the cases of ``LanguageModel/check(_:)``, `CancellationError` when
    ///   the prompts were not wanted, `TensorError` from the engine.
    public mutating func join(
        _ continuations: [(identifier: Int, continuation: Continuation)],
        isWanted: () -> Bool = { true }
    ) throws {
        for (_, continuation) in continuations { try model.check(continuation) }
        guard !continuations.isEmpty else { return }
        var joining = Decoding(
            rows: continuations.map { Decoding.Row(place: $0.identifier, $0.continuation) },
            model: model, edit: nil)
        try withoutActuallyEscaping(isWanted) { _ = try joining.begin(isWanted: $0) }
        if var running = decoding {
            try running.join(joining)
            decoding = running
        } else {
            decoding = joining
        }
    }

    /// Generates one more token for each prompt.
    ///
    /// - Parameter token: Called for each prompt with its identifier, its answer so far and, if the
    ///   prompt asks for them, the scores of the answer's last token. Returns whether that answer
    ///   should end here. Answers also end at stop tokens, which are part of them, at their greatest
    ///   length and at the end of the context.
    /// - Throws: `InputError` when a weight is missing, `TensorError` from the engine. The batch is
    ///   empty then.
    public mutating func step(
        _ token: (_ identifier: Int, _ answer: [Int], _ scores: TokenScores?) -> Bool
    ) throws {
        guard var running = decoding else { return }
        decoding = nil
        _ = try running.step(isSettled: token)
        if !running.isFinished { decoding = running }
    }
}
