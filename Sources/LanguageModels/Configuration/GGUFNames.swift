// SPDX-License-Identifier: Apache-2.0
// GGUF's names for the tensors of Hugging Face checkpoints.

/// The translation between Hugging Face and GGUF tensor names.
package enum GGUFNames {
    private static let outer = [
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    ]
    private static let norms = [
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    ]

    /// Returns GGUF's name of a projection.
    static func stem(of projection: LayerProjection) -> String {
        switch projection {
        case .query: "attn_q"
        case .key: "attn_k"
        case .value: "attn_v"
        case .output: "attn_output"
        case .gate: "ffn_gate"
        case .up: "ffn_up"
        case .down: "ffn_down"
        }
    }

    /// Returns the GGUF name of a parameter.
    ///
    /// - Parameter name: A Hugging Face name, for example `model.layers.3.mlp.up_proj.weight`.
    /// - Returns: For example `blk.3.ffn_up.weight`; nil when GGUF has no such tensor.
    static func name(of name: String) -> String? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let suffix = name[dot...]
        let owner = name[..<dot]
        if let stem = outer[String(owner)] { return stem + suffix }
        let parts = owner.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "model", parts[1] == "layers" else { return nil }
        let inner = String(parts[3])
        let stem =
            norms[inner] ?? LayerProjection.allCases.first { $0.path == inner }.map(stem(of:))
        return stem.map { "blk.\(parts[2]).\($0)\(suffix)" }
    }

    /// Returns the tensors of a GGUF file.
    static func storedParameters(of configuration: DecoderConfiguration) -> [StoredParameter] {
        configuration.parameters.map {
            StoredParameter(
                name: name(of: $0.name) ?? $0.name, shape: $0.shape, content: .whole($0.name))
        }
    }

    /// Returns the Hugging Face name of a tensor of a GGUF file.
    ///
    /// - Parameter name: A GGUF name, for example `blk.3.ffn_up.weight`.
    /// - Returns: For example `model.layers.3.mlp.up_proj.weight`; nil for an unknown name.
    package static func huggingFaceName(of name: String) -> String? {
        let parts = name.split(separator: ".")
        guard let suffix = parts.last, parts.count > 1 else { return nil }
        if parts.count == 2 {
            return outer.first { $0.value == parts[0] }.map { "\($0.key).\(suffix)" }
        }
        guard parts.count == 4, parts[0] == "blk" else { return nil }
        let inner =
            norms.first { $0.value == parts[2] }?.key
            ?? LayerProjection.allCases.first { stem(of: $0) == parts[2] }?.path
        return inner.map { "model.layers.\(parts[1]).\($0).\(suffix)" }
    }

    /// Returns the row at which llama.cpp stores a row of a query or key matrix of the family
    /// `llama`.
    ///
    /// llama.cpp interleaves the two halves of each head, because its rotary embedding rotates
    /// neighbours. Hugging Face's rotates coordinates half a head apart.
    ///
    /// - Parameters:
    ///   - row: The row in a Hugging Face checkpoint.
    ///   - headDimension: The rows of a head.
    /// - Returns: The row in the GGUF file.
    package static func storedRow(of row: Int, headDimension: Int) -> Int {
        let place = row % headDimension
        let half = headDimension / 2
        return row - place + (place < half ? 2 * place : 2 * (place - half) + 1)
    }

    /// Tensors of a GGUF file that are not parameters.
    static let known: Set<String> = ["rope_freqs.weight"]
}
