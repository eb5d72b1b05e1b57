// SPDX-License-Identifier: Apache-2.0
// Directions of the residual stream: read from a model's activations, or from an edit of its weights.

/// A direction of the residual stream in which a model's activations on two kinds of prompts differ.
///
/// It is not public, and nothing writes it: with it, a safeguard can be taken out.
package struct ResidualDirection: Sendable, Hashable {
    /// The layer in front of which it was read; the number of layers means behind the last.
    package let layer: Int
    /// The position, counted from the end: -1 is the last token before the answer.
    package let position: Int
    /// The unit vector, as many numbers as the stream is wide.
    package let components: [Float]

    /// Makes a direction.
    package init(layer: Int, position: Int, components: [Float]) {
        self.layer = layer
        self.position = position
        self.components = components
    }
}

/// A direction that was taken out of weights, and how near it is to one for which the base refuses.
public struct InspectedDirection: Codable, Sendable, Hashable {
    /// The layers of the matrices that it was taken out of.
    public let layers: [Int]
    /// The numbers of tensors that it was taken out of.
    public let tensorCount: Int
    /// The greatest absolute cosine with a refusal direction of the base, 0 to 1.
    public let cosine: Double
    /// Where that refusal direction was read: the layer in front of which, and the position counted
    /// from the end.
    public let layer: Int
    /// See ``layer``.
    public let position: Int
    /// What random directions reach together with a probability below a thousandth.
    public let chance: Double
    /// Whether ``cosine`` is above ``chance``.
    public let matches: Bool

    /// Makes a direction's line.
    public init(
        layers: [Int], tensorCount: Int, cosine: Double, layer: Int, position: Int, chance: Double
    ) {
        self.layers = layers
        self.tensorCount = tensorCount
        self.cosine = cosine
        self.layer = layer
        self.position = position
        self.chance = chance
        matches = cosine > chance
    }
}
