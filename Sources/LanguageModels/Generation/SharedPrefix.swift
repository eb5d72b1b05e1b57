// SPDX-License-Identifier: Apache-2.0
// Prompts that begin alike: their common beginning is computed once.

import Tensors

extension LanguageModel {
    /// A beginning shorter than this is not worth a pass of its own.
    private static let shortestPrefix = 8

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
        let shared = Self.commonPrefix(of: prompts)
        guard shared >= Self.shortestPrefix, let first = prompts.first else {
            return try lastColumn(of: TokenBatch(prompts), cache: &cache, edit: edit)
        }
        var prefix: KeyValueCache? = KeyValueCache()
        _ = try residualStream(
            TokenBatch([Array(first.prefix(shared))]), cache: &prefix, edit: edit)
        let whole = TokenBatch(prompts)
        prefix?.spread(padding: whole.padding)
        // Rows end together, so a short prompt's rest begins within the prefix.
        let rest = TokenBatch(prompts.map { Array($0.suffix(whole.length - shared)) })
        let states = try lastColumn(of: rest, cache: &prefix, edit: edit)
        if cache != nil { cache = prefix }
        return states
    }

    private func lastColumn(
        of batch: TokenBatch, cache: inout KeyValueCache?, edit: ResidualEdit?
    ) throws -> Tensor {
        try residualStream(batch, cache: &cache, edit: edit).value
            .slice(axis: 1, from: batch.length - 1, to: batch.length).squeezed(at: 1)
    }

    /// How many tokens all prompts begin with, leaving at least one of each.
    private static func commonPrefix(of prompts: [[Int]]) -> Int {
        guard prompts.count > 1, let first = prompts.first else { return 0 }
        return prompts.dropFirst().reduce(first.count - 1) { shared, prompt in
            zip(first.prefix(shared), prompt.dropLast()).prefix { $0 == $1 }.count
        }
    }
}
