// SPDX-License-Identifier: Apache-2.0
// What an attack offers to be measured.

public import LanguageModels

/// A model after tampering: it can be measured and dropped.
///
/// It cannot be copied, and no writer accepts it: what writes models is a target of its own, which
/// no target that holds an attack can import.
public struct TamperedModel: ~Copyable {
    /// The model.
    public let model: LanguageModel
    /// What stands around the prompts that it is measured with.
    public let framing: Framing
    /// What changes its residual stream wherever it is measured.
    public let edit: ResidualEdit?
    /// Whether weights and stream are those of the checkpoint under audit.
    public let computesAsOriginal: Bool

    /// A model whose weights, or whose residual stream, were tampered with.
    public init(
        _ model: LanguageModel, framing: Framing = Framing(), edit: ResidualEdit? = nil
    ) {
        self.model = model
        self.framing = framing
        self.edit = edit
        computesAsOriginal = false
    }

    /// The model under audit, its weights and its stream as they are.
    public init(untouched model: LanguageModel, framing: Framing = Framing()) {
        self.model = model
        self.framing = framing
        edit = nil
        computesAsOriginal = true
    }
}
