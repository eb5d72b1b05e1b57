// SPDX-License-Identifier: Apache-2.0
// Adds an adapter to its base, so that everything that follows sees ordinary weights.

import Checkpoints
import JSONText
import Tensors

extension LanguageModel {
    /// Returns this model with an adapter added to its weights, in fp32. Nothing is written.
    ///
    /// The result computes what PEFT computes with the adapter beside the base. If the base shares
    /// its embedding with its head and the adapter changes only one of them, the result has both.
    ///
    /// - Parameter adapter: The adapter.
    /// - Returns: A model by the name of both, `base+adapter`.
    /// - Throws: `InputError` that names the adapter's file and tensor when it does not fit the
    ///   base.
    public func merging(_ adapter: StoredAdapter) throws -> LanguageModel {
        var model = try fused()
        try model.change(adapter) { $0.isInBase }
        if configuration.headIsTied, adapter.changesEmbeddingOrHead {
            guard !adapter.configuration.tiesChanges else {
                throw InputError(
                    adapter.name,
                    "ensure_weight_tying is not supported for a base whose head "
                        + "shares its embedding",
                    remedy: "merge the adapter into its base with PEFT")
            }
            model = try model.untyingHead()
        }
        try model.change(adapter) { !$0.isInBase }
        return try LanguageModel(
            name: "\(name)+\(adapter.name)", configuration: model.configuration,
            weights: model.weights, tokenizer: tokenizer, chatTemplate: chatTemplate,
            stopTokens: stopTokens
        ).prompted(by: virtualTokens).toldNotToThink(isToldNotToThink)
    }

    private mutating func change(
        _ adapter: StoredAdapter, where isMeant: (StoredAdapter.Change.Kind) -> Bool
    ) throws {
        let shapes = Dictionary(
            configuration.parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 })
        var changed: [String: Tensor] = [:]
        for change in adapter.changes where isMeant(change.kind) {
            // A base without a head of its own has the embedding for it.
            let isShared = configuration.headIsTied && change.parameter == "lm_head.weight"
            let name = isShared ? "model.embed_tokens.weight" : change.parameter
            try change.check(against: shapes[name])
            switch change.kind {
            case .replacement(let stored, _): changed[name] = try adapter.tensor(stored)
            case .addition(let down, let up, let scale, let isTransposed):
                let product = try adapter.tensor(up).matmul(adapter.tensor(down))
                changed[name] =
                    try weight(name) + (isTransposed ? product.transposed() : product) * scale
            }
            // One at a time, so that no more than one product is in memory.
            if let tensor = changed[name] { try evaluate([tensor]) }
        }
        self = try replacing(changed)
    }
}

extension StoredAdapter.Change.Kind {
    /// Whether PEFT changes the base itself, and with it a head that shares the embedding.
    fileprivate var isInBase: Bool {
        if case .replacement(_, let isInBase) = self { isInBase } else { false }
    }
}

extension StoredAdapter {
    fileprivate func tensor(_ stored: StoredTensor) throws -> Tensor {
        Tensor(try values(stored), shape: stored.shape)
    }

    fileprivate var changesEmbeddingOrHead: Bool {
        changes.contains {
            !$0.kind.isInBase
                && ["model.embed_tokens.weight", "lm_head.weight"].contains($0.parameter)
        }
    }
}
