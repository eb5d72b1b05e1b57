// SPDX-License-Identifier: Apache-2.0
// Directions of the residual stream: read from a model's activations, or from an edit of its weights.

/// A direction of the residual stream in which a model's activations on two kinds of prompts
/// differ.
///
/// It is not public and never written to a file, because a safeguard can be removed with it.
package struct ResidualDirection: Sendable, Hashable {
    /// The layer before which it was read; the number of layers means after the last.
    package let layer: Int
    /// The position, counted from the end: -1 is the last token before the answer.
    package let position: Int
    /// The unit vector, with as many numbers as the width of the stream.
    package let components: [Float]

    /// Makes a direction.
    package init(layer: Int, position: Int, components: [Float]) {
        self.layer = layer
        self.position = position
        self.components = components
    }
}

/// A direction that was removed from weights, and its similarity to a refusal direction of the
/// base.
public struct InspectedDirection: Codable, Sendable, Hashable {
    /// The layers of the matrices from which it was removed.
    public let layers: [Int]
    /// The number of tensors from which it was removed.
    public let tensorCount: Int
    /// The greatest absolute cosine with a refusal direction of the base, 0 to 1.
    public let cosine: Double
    /// The layer before which that refusal direction was read. Its position is counted from the
    /// end.
    public let layer: Int
    /// See ``layer``.
    public let position: Int
    /// The cosine that random directions exceed with a probability below a thousandth.
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
