// SPDX-License-Identifier: Apache-2.0
// The parameters of a configuration, in one fixed order.

extension DecoderConfiguration {
    /// A tensor of a model with this configuration.
    public struct Parameter: Sendable, Hashable {
        /// The name that a Llama has in Hugging Face checkpoints. `NameScheme` says how a family
        /// stores it. The experts of a layer are one tensor.
        public let name: String
        /// The shape, outermost dimension first.
        public let shape: [Int]
        /// The share of the scalars that each token is computed with.
        var activeShare: Double = 1

        /// Whether tokens are multiplied by it.
        var isMatrix: Bool {
            shape.count > 1 && name.hasSuffix("_proj.weight") || name.hasSuffix("router.weight")
                || name.hasSuffix("shared_expert_gate.weight")
                || ["lm_head.weight", "model.embed_tokens.weight"].contains(name)
        }
    }

    /// The names of the norms of a layer, as far as the arrangement has them.
    struct LayerNorms {
        var attentionInput: String?
        var attentionOutput: String?
        var feedForwardInput: String?
        var feedForwardOutput: String?
    }

    /// All parameters in the order of the forward pass.
    public var parameters: [Parameter] {
        var list = [Parameter(name: "model.embed_tokens.weight", shape: [vocabularySize, width])]
        for layer in 0..<layerCount {
            list += parameters(ofLayer: layer).map {
                Parameter(
                    name: "model.layers.\(layer).\($0.name)", shape: $0.shape,
                    activeShare: $0.activeShare)
            }
        }
        list += norm("model.norm")
        if !headIsTied {
            list.append(Parameter(name: "lm_head.weight", shape: [vocabularySize, width]))
        }
        if headIsBiased { list.append(Parameter(name: "lm_head.bias", shape: [vocabularySize])) }
        return list
    }

    /// The number of scalars in all parameters.
    public var parameterCount: Int {
        parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Returns the widths of a projection's weight: `[out, in]`, or `[experts, out, in]`.
    ///
    /// - Parameters:
    ///   - projection: The linear map.
    ///   - layer: The layer, counted from 0.
    /// - Returns: The shape; nil when the layer has no such map.
    public func shape(of projection: LayerProjection, inLayer layer: Int) -> [Int]? {
        let queries = attention.headCount * attention.headDimension
        let keys = attention.keyValueHeadCount * attention.headDimension
        switch projection {
        case .query: return [queries, width]
        case .key, .value: return [keys, width]
        case .output: return [width, queries]
        case .gate, .up, .down:
            return feedForwardShape(of: projection, feedForward(ofLayer: layer))
        }
    }

    /// Returns the names of a layer's matrices. Those of experts have an axis of experts in front.
    ///
    /// - Parameter layer: The layer, counted from 0.
    /// - Returns: The names, without routers.
    package func matrices(ofLayer layer: Int) -> [String] {
        parameters(ofLayer: layer).filter { $0.name.hasSuffix("_proj.weight") }
            .map { "model.layers.\(layer).\($0.name)" }
    }

    /// Returns the norms of a layer in front of its blocks, and the matrices that read them.
    ///
    /// - Parameter layer: The layer, counted from 0.
    /// - Returns: The names; those of norms without their suffix.
    package func readers(ofLayer layer: Int) -> [(norm: String, matrices: [String])] {
        let attention = [LayerProjection.query, .key, .value].map(\.path)
        let writers = [LayerProjection.output.path, LayerProjection.down.path]
        let others = parameters(ofLayer: layer).filter { parameter in
            let owner = String(parameter.name.dropLast(".weight".count))
            return parameter.isMatrix && !(attention + writers).contains(owner)
                && owner != "mlp.shared_expert.down_proj"
        }.map { "model.layers.\(layer).\($0.name)" }
        let first = attention.map { "model.layers.\(layer).\($0).weight" }
        let norms = arrangement.norms
        func named(_ norm: String?, _ matrices: [String]) -> [(norm: String, matrices: [String])] {
            norm.map { [("model.layers.\(layer).\($0)", matrices)] } ?? []
        }
        return arrangement == .parallel
            ? named(norms.attentionInput, first + others)
            : named(norms.attentionInput, first) + named(norms.feedForwardInput, others)
    }

    /// Returns the names of the matrices that write to the residual stream in a layer. Their
    /// last axis but one is the stream's.
    ///
    /// - Parameter layer: The layer, counted from 0.
    /// - Returns: The names of attention's matrices, and of those of the feed-forward network.
    package func writers(ofLayer layer: Int) -> [(projection: LayerProjection, name: String)] {
        var found = [LayerProjection.output, .down].map { ($0, $0.weightName(inLayer: layer)) }
        if case .experts(let experts) = feedForward(ofLayer: layer), experts.sharedWidth > 0 {
            found.append((.down, "model.layers.\(layer).mlp.shared_expert.down_proj.weight"))
        }
        return found
    }

    private func feedForwardShape(of projection: LayerProjection, _ kind: FeedForward) -> [Int]? {
        switch (kind, projection) {
        case (.plain, .gate): nil
        case (.gated(let inner, _), .down), (.plain(let inner, _), .down): [width, inner]
        case (.gated(let inner, _), _), (.plain(let inner, _), _): [inner, width]
        case (.experts(let experts), .down): [experts.count, width, experts.width]
        case (.experts(let experts), _): [experts.count, experts.width, width]
        }
    }

    private func parameters(ofLayer layer: Int) -> [Parameter] {
        let norms = arrangement.norms
        var list = norm(norms.attentionInput)
        func add(_ projections: [LayerProjection], activeShare: Double = 1) {
            for projection in projections {
                guard let shape = shape(of: projection, inLayer: layer) else { continue }
                list.append(
                    Parameter(
                        name: projection.path + ".weight", shape: shape, activeShare: activeShare))
                if biasedProjections.contains(projection) {
                    list.append(
                        Parameter(
                            name: projection.path + ".bias", shape: Array(shape.dropLast())))
                }
            }
        }
        add([.query, .key, .value, .output])
        list += headNorms
        if attention.hasSinks {
            list.append(Parameter(name: "self_attn.sinks", shape: [attention.headCount]))
        }
        list += norm(norms.attentionOutput) + norm(norms.feedForwardInput)
        if case .experts(let experts) = feedForward(ofLayer: layer) {
            list += outerParameters(of: experts)
            add([.gate, .up, .down], activeShare: Double(experts.perToken) / Double(experts.count))
        } else {
            add([.gate, .up, .down])
        }
        return list + norm(norms.feedForwardOutput)
    }

    private func outerParameters(of experts: Experts) -> [Parameter] {
        var list = [Parameter(name: "mlp.router.weight", shape: [experts.count, width])]
        if experts.routerIsBiased {
            list.append(Parameter(name: "mlp.router.bias", shape: [experts.count]))
        }
        guard experts.sharedWidth > 0 else { return list }
        let inner = experts.sharedWidth
        let shapes = [
            ("gate", [inner, width]), ("up", [inner, width]), ("down", [width, inner]),
        ]
        list += shapes.map {
            Parameter(name: "mlp.shared_expert.\($0.0)_proj.weight", shape: $0.1)
        }
        return list + [Parameter(name: "mlp.shared_expert_gate.weight", shape: [1, width])]
    }

    private var headNorms: [Parameter] {
        guard let kind = attention.headNorm else { return [] }
        let heads = [("q", attention.headCount), ("k", attention.keyValueHeadCount)]
        return heads.map { name, count in
            let shape =
                switch kind {
                case .perHead: [attention.headDimension]
                case .allHeads: [count * attention.headDimension]
                case .layerPerHead: [count, attention.headDimension]
                }
            return Parameter(name: "self_attn.\(name)_norm.weight", shape: shape)
        }
    }

    private func norm(_ name: String?) -> [Parameter] {
        guard let name, normalisation.kind != .plainLayer else { return [] }
        let suffixes = normalisation.kind == .biasedLayer ? ["weight", "bias"] : ["weight"]
        return suffixes.map { Parameter(name: "\(name).\($0)", shape: [width]) }
    }
}

extension DecoderConfiguration.Arrangement {
    /// The names of a layer's norms.
    var norms: DecoderConfiguration.LayerNorms {
        switch self {
        case .normBefore:
            .init(attentionInput: "input_layernorm", feedForwardInput: "post_attention_layernorm")
        case .normAfter:
            .init(
                attentionOutput: "post_attention_layernorm",
                feedForwardOutput: "post_feedforward_layernorm")
        case .normOnBothSides:
            .init(
                attentionInput: "input_layernorm", attentionOutput: "post_attention_layernorm",
                feedForwardInput: "pre_feedforward_layernorm",
                feedForwardOutput: "post_feedforward_layernorm")
        case .parallel:
            .init(attentionInput: "input_layernorm")
        }
    }
}
