// SPDX-License-Identifier: Apache-2.0
// What the attacks share that edit weights once and train nothing.

internal import LanguageModels
internal import Tensors
internal import Training

extension Attack {
    /// Edits weights in one step and offers the model, unless an earlier run has measured it.
    ///
    /// - Parameters:
    ///   - names: The weights that change.
    ///   - model: The model they belong to.
    ///   - operations: Elementwise operations for each weight, which the adversary pays.
    ///   - note: What progress shows when the edit is done.
    ///   - meter: Counts what the adversary pays: no examples and no tokens.
    ///   - observer: Measures.
    ///   - edit: The new tensor for a name and the old one.
    /// - Throws: Errors of the engine and the observer.
    func tamperOnce(
        with names: [String], of model: LanguageModel, operations: Int, note: String,
        meter: inout CostMeter, observer: inout some AttackObserver,
        edit: (String, Tensor) throws -> Tensor
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let edited = try meter.timing { try model.editing(names, by: edit) }
        let count = names.reduce(0) { $0 + (model.weights[$1]?.count ?? 0) }
        meter.countElementwise(operations: operations, weights: count)
        try observer.advanced(to: 1, note: note)
        _ = try observer.observe(TamperedModel(edited), step: 1, cost: meter.cost)
    }
}

extension LanguageModel {
    /// The names of the matrices of all decoder layers, seven each; norms, biases, the embedding and
    /// the head are not among them.
    var decoderMatrices: [String] {
        (0..<configuration.layerCount).flatMap { layer in
            LayerProjection.allCases.map { $0.weightName(inLayer: layer) }
        }
    }

    /// Returns the model with some weights changed, one after the other, so that memory holds what
    /// an edit needs for one of them only.
    ///
    /// - Parameters:
    ///   - names: The weights that change.
    ///   - edit: The new tensor for a name and the old one.
    /// - Returns: A model without adapters, which are added to the weights first; it shares all
    ///   other weights.
    /// - Throws: Errors of the engine and of `edit`.
    func editing(
        _ names: [String], by edit: (String, Tensor) throws -> Tensor
    ) throws -> LanguageModel {
        let model = try fused()
        var edited: [String: Tensor] = [:]
        for name in names {
            edited[name] = try model.weights[name].map { try edit(name, $0).evaluated() }
        }
        return try model.replacing(edited)
    }
}
