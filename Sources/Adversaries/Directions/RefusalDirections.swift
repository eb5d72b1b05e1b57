// SPDX-License-Identifier: Apache-2.0
// Every refusal direction that orthogonalisation could choose, for comparison with weights.

package import LanguageModels
package import Records
package import Suites
internal import Tensors

/// Returns the directions in which a model's residual stream differs between restricted and benign
/// prompts.
///
/// These are the differences of means from which ``WeightOrthogonalisation`` chooses
/// (arXiv:2406.11717), at every post-instruction position, in front of every layer and after the
/// last. Each is also returned without its component along the benign mean, as in
/// ``TunedOrthogonalisation``.
///
/// - Parameters:
///   - model: The model, untampered.
///   - suite: The suite. Its restricted and benign training prompts are used.
///   - examples: The most prompts of a class for a mean.
///   - seed: The seed of the drawn prompts.
/// - Returns: Unit vectors, each with its layer and position. A place is left out if the classes
///   differ by no more than fp32's rounding there. An example is the place in front of the first
///   layer, which holds the template's own tokens alone.
/// - Throws: Errors of the engine and the model.
package func refusalDirections(
    of model: LanguageModel, suite: Suite, examples: Int = 128, seed: UInt64
) throws -> [ResidualDirection] {
    let positions = try (1...model.postInstructionLength()).map { -$0 }
    let layers = model.configuration.layerCount + 1
    func mean(_ prompts: [String]) throws -> Tensor {
        try model.promptStates(
            prompts.map { try Subject(model).tokens(for: $0) }, positions: positions,
            layers: layers
        ).mean(axis: 1).evaluated()
    }
    let restricted = try mean(suite.restricted.train.sample(examples, seed: seed).map(\.prompt))
    let benign = try mean(suite.benign.train.sample(examples, seed: seed).map(\.prompt))
    let plain = restricted - benign
    let (width, places) = (model.configuration.width, layers * positions.count)
    let least = try (benign.rowNorms * 1e-5).values()
    return try [plain, plain.withoutShare(along: benign.normalisedRows)].flatMap { differences in
        let norms = try differences.rowNorms.values()
        let values = try differences.normalisedRows.values()
        return (0..<places).filter { norms[$0] > least[$0] && norms[$0].isFinite }.map { place in
            ResidualDirection(
                layer: place / positions.count, position: positions[place % positions.count],
                components: Array(values[place * width..<(place + 1) * width]))
        }
    }
}
