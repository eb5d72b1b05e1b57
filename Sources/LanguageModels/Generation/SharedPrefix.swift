// SPDX-License-Identifier: Apache-2.0
// Prompts that begin alike: their common beginning is computed once.

import Tensors

/// Sequences of which a common beginning is split off.
struct SharedPrefix {
    /// A beginning shorter than this is not worth a pass of its own.
    private static let shortest = 8

    /// The common beginning; empty when there is none worth it.
    let prefix: [Int]
    /// The left padding of the whole sequences.
    private let padding: [Int]
    /// The last columns of the sequences. Rows end together, so that a short sequence's rest
    /// begins within the prefix.
    let rest: TokenBatch

    /// Splits sequences.
    ///
    /// - Parameters:
    ///   - sequences: Token identifiers; none empty.
    ///   - prompts: Beginnings of the sequences, of each of which the last token is not shared.
    init(_ sequences: [[Int]], prompts: [[Int]]) {
        let common = Self.commonPrefix(of: prompts)
        let whole = TokenBatch(sequences)
        padding = whole.padding
        prefix = common < Self.shortest ? [] : Array(prompts.first?.prefix(common) ?? [])
        let columns = whole.length - prefix.count
        rest = prefix.isEmpty ? whole : TokenBatch(sequences.map { Array($0.suffix(columns)) })
    }

    /// The residual stream over the columns of `rest`, `[batch, length, width]`.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - cache: Nil, or an empty cache that then holds the whole sequences.
    ///   - edit: A change of the residual stream.
    ///   - recomputing: Whether layers are computed again in the backward pass; without a prefix.
    /// - Returns: The stream before the final norm.
    /// - Throws: `LanguageModelError` when a weight is missing.
    func residualStream(
        of model: LanguageModel, cache: inout KeyValueCache?, edit: ResidualEdit? = nil,
        recomputing: Bool = false
    ) throws -> Tensor {
        guard !prefix.isEmpty else {
            return try model.residualStream(
                rest, cache: &cache, edit: edit, recomputing: recomputing
            ).value
        }
        var shared: KeyValueCache? = KeyValueCache()
        _ = try model.residualStream(TokenBatch([prefix]), cache: &shared, edit: edit)
        shared?.spread(padding: padding)
        let stream = try model.residualStream(rest, cache: &shared, edit: edit).value
        if cache != nil { cache = shared }
        return stream
    }

    /// How many tokens all prompts begin with, leaving at least one of each.
    private static func commonPrefix(of prompts: [[Int]]) -> Int {
        guard prompts.count > 1, let first = prompts.first else { return 0 }
        return prompts.dropFirst().reduce(first.count - 1) { shared, prompt in
            zip(first.prefix(shared), prompt.dropLast()).prefix { $0 == $1 }.count
        }
    }
}

extension LanguageModel {
    /// Computes what stands behind the last token of each prompt.
    ///
    /// - Parameters:
    ///   - prompts: Token identifiers; none empty.
    ///   - cache: Nil, or an empty cache that then holds all prompts.
    ///   - edit: A change of the residual stream.
    /// - Returns: The residual stream before the final norm, `[prompts, width]`.
    /// - Throws: `LanguageModelError` when a weight is missing.
    func lastStates(
        of prompts: [[Int]], cache: inout KeyValueCache?, edit: ResidualEdit? = nil
    ) throws -> Tensor {
        let split = SharedPrefix(prompts, prompts: prompts)
        return try split.residualStream(of: self, cache: &cache, edit: edit)
            .slice(axis: 1, from: split.rest.length - 1, to: split.rest.length).squeezed(at: 1)
    }
}
