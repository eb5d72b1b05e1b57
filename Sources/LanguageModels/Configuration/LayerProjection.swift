// SPDX-License-Identifier: Apache-2.0
// The seven linear maps of a decoder layer, with their names in checkpoints and adapters.

/// A linear map of a decoder layer. Its raw value is the name in checkpoints and in PEFT.
public enum LayerProjection: String, Codable, Sendable, Hashable, CaseIterable {
    /// Makes the queries of attention.
    case query = "q_proj"
    /// Makes the keys of attention.
    case key = "k_proj"
    /// Makes the values of attention.
    case value = "v_proj"
    /// Writes the result of attention to the residual stream.
    case output = "o_proj"
    /// Gates the feed-forward network.
    case gate = "gate_proj"
    /// Widens the residual stream into the feed-forward network.
    case up = "up_proj"
    /// Writes the result of the feed-forward network to the residual stream.
    case down = "down_proj"

    /// The place inside a layer, for example `self_attn.q_proj`.
    var path: String {
        switch self {
        case .query, .key, .value, .output: "self_attn." + rawValue
        case .gate, .up, .down: "mlp." + rawValue
        }
    }

    /// Returns the name of this map's weight in a checkpoint, which has the shape `[out, in]`.
    ///
    /// - Parameter layer: The layer, counted from 0.
    /// - Returns: A Hugging Face tensor name, for example `model.layers.3.mlp.down_proj.weight`.
    public func weightName(inLayer layer: Int) -> String {
        "model.layers.\(layer).\(path).weight"
    }
}
