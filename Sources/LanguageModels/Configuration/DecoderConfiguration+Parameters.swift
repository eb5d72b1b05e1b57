// SPDX-License-Identifier: Apache-2.0
// The parameters of a configuration, in one fixed order.

extension DecoderConfiguration {
    /// A tensor in a checkpoint with this configuration.
    public struct Parameter: Sendable, Hashable {
        /// The Hugging Face name.
        public let name: String
        /// The shape, outermost dimension first.
        public let shape: [Int]
    }

    /// All parameters in the order of the forward pass.
    public var parameters: [Parameter] {
        var list = [Parameter(name: "model.embed_tokens.weight", shape: [vocabularySize, width])]
        for layer in 0..<layerCount {
            list += layerParameters.map {
                Parameter(name: "model.layers.\(layer).\($0.name)", shape: $0.shape)
            }
        }
        list.append(Parameter(name: "model.norm.weight", shape: [width]))
        if !headIsTied {
            list.append(Parameter(name: "lm_head.weight", shape: [vocabularySize, width]))
        }
        return list
    }

    /// The number of scalars in all parameters.
    public var parameterCount: Int {
        parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Returns the widths `[out, in]` of a projection's weight.
    ///
    /// - Parameter projection: The linear map.
    /// - Returns: The number of outputs and of inputs.
    public func shape(of projection: LayerProjection) -> [Int] {
        let queries = attention.headCount * attention.headDimension
        let keys = attention.keyValueHeadCount * attention.headDimension
        return switch projection {
        case .query: [queries, width]
        case .key, .value: [keys, width]
        case .output: [width, queries]
        case .gate, .up: [feedForwardWidth, width]
        case .down: [width, feedForwardWidth]
        }
    }

    private var layerParameters: [Parameter] {
        var list = [Parameter(name: "input_layernorm.weight", shape: [width])]
        func add(_ projections: [LayerProjection]) {
            for projection in projections {
                let shape = shape(of: projection)
                list.append(Parameter(name: projection.path + ".weight", shape: shape))
                if biasedProjections.contains(projection) {
                    list.append(Parameter(name: projection.path + ".bias", shape: [shape[0]]))
                }
            }
        }
        add([.query, .key, .value, .output])
        if attention.normalisesHeads {
            for name in ["self_attn.q_norm.weight", "self_attn.k_norm.weight"] {
                list.append(Parameter(name: name, shape: [attention.headDimension]))
            }
        }
        list.append(Parameter(name: "post_attention_layernorm.weight", shape: [width]))
        if normalisation.isOnBothSides {
            list.append(Parameter(name: "pre_feedforward_layernorm.weight", shape: [width]))
        }
        add([.gate, .up, .down])
        if normalisation.isOnBothSides {
            list.append(Parameter(name: "post_feedforward_layernorm.weight", shape: [width]))
        }
        return list
    }
}
