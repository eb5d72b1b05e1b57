// SPDX-License-Identifier: Apache-2.0
// GGUF's names for the tensors of Hugging Face checkpoints.

/// The translation between Hugging Face and GGUF tensor names.
package enum GGUFNames {
    private static let outer = [
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    ]
    /// The parts of a layer besides projections and the norms around its blocks.
    private static let inner = [
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
        "mlp.router": "ffn_gate_inp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
        "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
        "mlp.shared_expert.up_proj": "ffn_up_shexp",
        "mlp.shared_expert.down_proj": "ffn_down_shexp",
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

    /// Returns all names under which a projection may be stored.
    static func stems(of projection: LayerProjection) -> [String] {
        let stem = stem(of: projection)
        return switch projection {
        case .query, .key, .value: [stem, "attn_qkv"]
        case .output: [stem]
        case .gate, .up, .down: [stem, stem + "_exps"]
        }
    }

    /// Returns GGUF's names of the norms around a layer's blocks, by Hugging Face names.
    private static func norms(of configuration: DecoderConfiguration) -> [String: String] {
        switch configuration.arrangement {
        case .normBefore:
            [
                "input_layernorm": "attn_norm",
                "post_attention_layernorm":
                    configuration.family == "gpt_oss" ? "post_attention_norm" : "ffn_norm",
            ]
        case .normAfter, .normOnBothSides, .parallel:
            [
                "input_layernorm": "attn_norm", "post_attention_layernorm": "post_attention_norm",
                "pre_feedforward_layernorm": "ffn_norm",
                "post_feedforward_layernorm": "post_ffw_norm",
            ]
        }
    }

    /// Returns the tensors of a GGUF file.
    ///
    /// - Parameter configuration: The decoder.
    /// - Returns: The tensors in the order of the forward pass.
    static func storedParameters(of configuration: DecoderConfiguration) -> [StoredParameter] {
        let norms = norms(of: configuration)
        var scheme = NameScheme()
        scheme.prefix = "blk."
        for (path, stem) in norms { scheme.renamed[path] = stem }
        for (path, stem) in inner { scheme.renamed[path] = stem }
        for projection in LayerProjection.allCases {
            scheme.renamed[projection.path] = stem(of: projection)
        }
        scheme.experts = .stacked(gate: "ffn_gate_exps", up: "ffn_up_exps", down: "ffn_down_exps")
        for group in Family.named(configuration.family)?.names.joined ?? [] {
            let name = group.parts.contains(.query) ? "attn_qkv" : "ffn_up"
            scheme.joined.append((name, group.parts))
        }
        return scheme.storedParameters(of: configuration).map { parameter in
            StoredParameter(
                name: storedName(parameter.name),
                shape: parameter.name.hasSuffix("ffn_gate_inp_shexp.weight")
                    ? Array(parameter.shape.suffix(1)) : parameter.shape,
                content: parameter.content)
        }
    }

    /// Returns a name of the scheme as GGUF writes it.
    private static func storedName(_ name: String) -> String {
        for (path, stem) in outer {
            let owner = path == "lm_head" ? path : "blk." + path.dropFirst("model.".count)
            if name.hasPrefix(owner + ".") { return stem + name.dropFirst(owner.count) }
        }
        return name.replacing("blk.layers.", with: "blk.")
            .replacing("self_attn.sinks", with: "attn_sinks.weight")
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
        let norms = ["attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"]
        let path =
            norms[String(parts[2])] ?? inner.first { $0.value == parts[2] }?.key
            ?? LayerProjection.allCases.first { stem(of: $0) == parts[2] }?.path
        return path.map { "model.layers.\(parts[1]).\($0).\(suffix)" }
    }

    /// Returns the row at which llama.cpp stores a row of a query or key matrix of the family
    /// `llama` and its relatives.
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
    static let known: Set<String> = [
        "rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight",
    ]
}
