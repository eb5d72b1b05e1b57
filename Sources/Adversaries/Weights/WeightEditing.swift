// SPDX-License-Identifier: Apache-2.0
// The common part of attacks that edit weights once and do not train.

internal import LanguageModels
internal import Tensors
internal import Training

extension Attack {
    /// Edits weights in one step and passes the model on, unless an earlier run has measured it.
    ///
    /// - Parameters:
    ///   - names: The weights that change.
    ///   - model: The model of these weights.
    ///   - operations: The elementwise operations for each weight, which the adversary pays for.
    ///   - note: The progress text when the edit is done.
    ///   - meter: Counts the adversary's costs: no examples and no tokens.
    ///   - observer: Measures the model.
    ///   - edit: Returns the new tensor for a name and the old tensor.
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
    /// The names of the matrices of all decoder layers. Those of experts have an axis of experts in
    /// front. Norms, biases, the embedding and the head are not included.
    var decoderMatrices: [String] {
        (0..<configuration.layerCount).flatMap { configuration.matrices(ofLayer: $0) }
    }

    /// Returns the model with some weights changed. They are changed one after the other, so that
    /// memory is needed for one edit only.
    ///
    /// - Parameters:
    ///   - names: The weights that change.
    ///   - edit: Returns the new tensor for a name and the old tensor.
    /// - Returns: A model without adapters, which are added to the weights first. It shares all
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
