// SPDX-License-Identifier: Apache-2.0
// The result of an attack, for measuring only.

public import LanguageModels

/// A model after tampering: it can be measured and dropped.
///
/// It cannot be copied, and no writer accepts it: the code that writes models is a separate target,
/// which no target with an attack can import.
public struct TamperedModel: ~Copyable {
    /// The model.
    public let model: LanguageModel
    /// The framing of the prompts with which it is measured.
    public let framing: Framing
    /// The change of its residual stream in every measurement.
    public let edit: ResidualEdit?
    /// Whether weights and stream are those of the checkpoint under audit.
    public let computesAsOriginal: Bool

    /// Makes a model whose weights, or whose residual stream, were changed.
    public init(
        _ model: LanguageModel, framing: Framing = Framing(), edit: ResidualEdit? = nil
    ) {
        self.model = model
        self.framing = framing
        self.edit = edit
        computesAsOriginal = false
    }

    /// Makes the model under audit with unchanged weights and stream.
    public init(untouched model: LanguageModel, framing: Framing = Framing()) {
        self.model = model
        self.framing = framing
        edit = nil
        computesAsOriginal = true
    }
}
